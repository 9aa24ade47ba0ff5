"""Training inside a world: the loop, and the lineage of generations with its gate. No model library is met here."""
