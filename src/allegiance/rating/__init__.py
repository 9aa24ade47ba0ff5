"""Raters and their labels."""
