"""The nouns: frozen values without I/O, clock, randomness or model.

One noun a module. Values that have meaning by content are named by it: the SHA-256 of their canonical
form (RFC 8785), written ``sha256:…``.
"""
