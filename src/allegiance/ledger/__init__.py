"""The append-only log of a study, its proofs, and the database in which log and labels live."""
