"""Search by meaning: passages as vectors, an index of them by segment, likeness and near-duplicates."""
