"""What a provider's error means for a run: whether to go on, and a sentence that holds no secret."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

_WORD = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)")
_KEY_LIKE = re.compile(r"\b(?:sk|pk|hf|gsk|xai)[-_][\w*.-]{4,}|\bBearer\s+\S+")
_NAMED = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_MARKUP = re.compile(r"\[/?[a-z]+\]")
_SPENT = ("insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "credit balance is too low")
_ONE_PROMPT = ("moderation", "flagged", "content policy", "content_policy", "safety")
_LEAST = 6


class Stopped(BaseException):
    """Ends a run at once. No `Exception`, so that the sample in which it is raised does not swallow it."""


class Failed(Exception):
    """A sample got no answer. The message says after how many tries, and why the last one failed."""

    def __repr__(self) -> str:
        """The message alone, since this is what Inspect writes to the log."""
        return str(self)


def failed(error: BaseException, tries: int) -> Failed:
    """The error that a sample keeps."""
    said = told(list(_chain(error))[-1])
    return Failed(f"no answer after {tries} {'try' if tries == 1 else 'tries'}: {said}")


def fatal(error: BaseException) -> str:
    """Why no call of this run can succeed, in a sentence; empty if another call may.

    A key that is refused (401), a model that is not allowed (403) or not there (404), an account without credit
    (402 or the provider's own code), and a reply that may not be begun for the model, concern every sample. A 403
    that speaks of the content of one prompt does not.
    """
    chain = list(_chain(error))
    text = " ".join(f"{one} {getattr(one, 'code', '')} {getattr(one, 'body', '')}" for one in chain).lower()
    status = next((code for one in chain if isinstance(code := getattr(one, "status_code", None), int)), 0)
    said = told(chain[-1])
    if status == 401:
        return f"the provider refuses the key (401): {said}"
    if status == 402 or any(word in text for word in _SPENT):
        return f"the account has no credit left: {said}"
    if status == 403 and not any(word in text for word in _ONE_PROMPT):
        return f"the provider does not allow this (403): {said}"
    if status in (404, 410):
        return f"the provider does not know the model ({status}): {said}"
    if status == 400 and "prefill" in text:
        return f"the model takes no reply that is begun for it: {said}"
    return ""


def told(error: object) -> str:
    """The first line of a message without secrets, or the name of the error if it has none."""
    lines = without_secrets(_MARKUP.sub("", str(error))).strip().splitlines()
    return (lines[0][:300] if lines else type(error).__name__).rstrip(".") + "."


def flat(error: object) -> str:
    """All lines of a message as one sentence, without markup, secrets and the word that it is an error."""
    text = " ".join(without_secrets(_MARKUP.sub("", str(error))).split()).removeprefix("ERROR: ")
    return (text[:300] or type(error).__name__).rstrip(".") + "."


def lacking(error: object) -> tuple[str, ...]:
    """Environment variables that a provider says are not set."""
    text = _MARKUP.sub("", str(error))
    return tuple(dict.fromkeys(_NAMED.findall(text))) if "environment" in text.lower() else ()


def without_secrets(text: str) -> str:
    """The text with values of secret environment variables, and words that look like keys, taken out."""
    for name, value in os.environ.items():
        if _WORD.search(name.upper()) and len(value) >= _LEAST:
            text = text.replace(value, f"${name}")
    return _KEY_LIKE.sub("(key)", text)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, the first cause last."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        attempt = getattr(at, "last_attempt", None)  # tenacity's: the try that failed for good
        at = (attempt.exception() if attempt is not None else None) or at.__cause__
