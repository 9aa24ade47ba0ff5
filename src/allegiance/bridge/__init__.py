"""The bridge: runs what the floors below describe, on Inspect AI and on a local model.

Only the command line imports it.
"""
