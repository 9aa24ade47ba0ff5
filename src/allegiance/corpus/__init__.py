"""Transcripts: importing, storing, selecting, exporting and checking them."""
