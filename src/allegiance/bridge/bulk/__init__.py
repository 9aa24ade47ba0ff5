"""Engines for bulk work beyond one process: Daft on this machine, or on a Ray cluster."""
