"""The canary of this package: it marks what is generated and exported, so that training data can leave it out.

A scenario has a canary of its own beside it. No model is ever shown one.
"""

from __future__ import annotations

CANARY = "Research data, not for training. allegiance-canary e6525f57-8195-4702-a543-e0e2031c0573"
"""In every exported record, report and bundle."""
MARKER = "marker"
"""Key and column under which exports carry it; it is no part of a transcript."""
