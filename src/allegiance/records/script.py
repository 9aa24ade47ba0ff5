"""A script: replies written beforehand, and the circumstances in which each is given."""

from __future__ import annotations

from collections.abc import Mapping

from allegiance.records.record import Record

FORMAT = "allegiance-script/1"


class Lines(Record, frozen=True, kw_only=True):
    """Replies to some requests in some conditions.

    Attributes:
        requests: To which requests; to all if empty.
        levels: Factor → levels at which they are given; in all conditions if empty.
        replies: The first repeat of a request gets the first, the second the second, and so on, beginning anew
            after the last. None: the call fails.
    """

    requests: tuple[str, ...] = ()
    levels: Mapping[str, tuple[str, ...]] = {}
    replies: tuple[str | None, ...]


class Script(Record, frozen=True, kw_only=True):
    """What a scripted model says: the first of `lines` that fits. See `records.script`."""

    format: str = FORMAT
    lines: tuple[Lines, ...]

    def reply(self, request: str, levels: Mapping[str, str], repeat: int) -> str | None:
        """The reply to a request in a condition; None if the call fails.

        Raises:
            LookupError: No line fits, or the one that does has no reply.
        """
        for line in self.lines:
            fits = not line.requests or request in line.requests
            if fits and all(levels.get(factor) in wanted for factor, wanted in line.levels.items()):
                if not line.replies:
                    break
                return line.replies[repeat % len(line.replies)]
        raise LookupError(f"the script has no reply to {request!r} at {dict(levels)}")
