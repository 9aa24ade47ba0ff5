"""The split of a corpus into a half to explore and a half to confirm, by request, so that pairs stay whole.

What is explored suggests questions, filters and criteria; a rate of what they find in the same transcripts would be
too good. So searches and lists show the half to explore, and the other half waits until it is unlocked.
"""

from __future__ import annotations

import hashlib
from typing import Literal

Half = Literal["explore", "confirm"]
RULE = "split/1"


def half(request: str) -> Half:
    """The half that a request belongs to: ``confirm`` if the first bit of SHA-256(``split/1`` ‖ 0x1F ‖ request) is
    1.

    The same in every study, so that nobody can choose it. A transcript whose request is unknown goes by its own
    name.
    """
    first = hashlib.sha256(RULE.encode() + b"\x1f" + request.encode("utf-8", "surrogatepass")).digest()[0]
    return "confirm" if first & 0x80 else "explore"
