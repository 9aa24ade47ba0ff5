"""Judges: models that are asked a question of a transcript, as instruments. Nothing here meets a model."""
