"""Search: full text, patterns and meaning over a corpus, from indexes that are derived and can be rebuilt."""
