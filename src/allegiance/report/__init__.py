"""Verified claims and routed citations as a page, a table and a plot."""
