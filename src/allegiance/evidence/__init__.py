"""Evidence: draws, readings, citations, claims, and their verification.

What links how a transcript was found to what may be said about it.
"""
