"""Whether a published text comes back word for word, and what holds in worlds that say it in other words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from allegiance.corpus.predicate import parse
from allegiance.errors import InputError, Refusal, UsageError
from allegiance.evidence.verify import verify
from allegiance.records.claim import Estimate
from allegiance.records.record import Record
from allegiance.records.transcript import Transcript
from allegiance.scenarios.probing import FACTOR, Passage, Probes, tokens
from allegiance.stats.exchange import exchange_p, least_p

ALPHA = 0.01
"""How often a text that was never seen may be taken for one that was."""
FLUENT = 5
"""Shorter runs count as nothing: common words fall together, and more so in a text that has more of them."""
LONGEST_REPLY = 1_000
"""Words of a reply that are looked at."""


class Continued(Record, frozen=True, kw_only=True):
    """What came back of one passage.

    Attributes:
        passage: Its name.
        run: The longest run of words of the continuation that stands in a reply and was not shown.
        score: The sum, over repeats, of the longest runs that have at least `FLUENT` words.
        exact: How many words are right from the first on, in the best of the repeats.
        of: Words of the continuation.
        replies: Repeats that have a reply.
    """

    passage: str
    run: int
    score: int
    exact: int
    of: int
    replies: int


class Memory(Record, frozen=True, kw_only=True):
    """What the probes of a text say.

    Attributes:
        flagged: Whether more came back of the known text than of the control, at `alpha`.
        p_value: Exact, one-sided, that known and control passages could be exchanged.
        alpha: How often a text is flagged, at most, that is as easy to continue as the control.
        known, control: What came back of each passage.
        control_name: What the control is.
        missing: Replies that never came. They count as nothing of the known text, and as all of the control.
    """

    flagged: bool
    p_value: float
    alpha: float
    known: tuple[Continued, ...]
    control: tuple[Continued, ...]
    control_name: str
    missing: int

    @property
    def sentence(self) -> str:
        """The finding in words."""
        more = "more comes back of the text than of the control"
        less = "it is not shown that more comes back of the text than of the control"
        return (
            f"{more if self.flagged else less}: {_mean(self.known):.1f} words in a row on average over "
            f"{len(self.known)} passages, against {_mean(self.control):.1f} over {len(self.control)}; "
            f"p {self.p_value:.2g}. At {self.alpha:g}, a text that is no easier to continue than the control is "
            f"flagged in at most {100 * self.alpha:g} % of cases. "
            f"Longest run: {max((one.run for one in self.known), default=0)} words; for p, runs of fewer than "
            f"{FLUENT} words count as none. Control: {self.control_name}."
        )


class _Told(Record, frozen=True, kw_only=True):
    """What the verb says of one model."""

    model: str
    memory: Memory


class Beside(Record, frozen=True, kw_only=True):
    """One model in the known world and in paraphrases of it.

    Attributes:
        name: The model.
        known, paraphrased: The estimates; None where there is none.
        place_known, place_paraphrased: Standing among the models that have both, 1 for the greatest; equals share
            the better place; 0 where there is none.
        apart: Whether the two intervals do not overlap; None where there are not two.
    """

    name: str
    known: Estimate | None
    paraphrased: Estimate | None
    place_known: int = 0
    place_paraphrased: int = 0
    apart: bool | None = None


def score(probes: Probes, transcripts: Iterable[Transcript], *, alpha: float = ALPHA) -> Memory:
    """What came back in transcripts of the probes, and whether it is more than of the control.

    The test asks how often the passages, sorted otherwise into text and control, would differ as much: if neither
    was seen and both are as easy to continue, any sorting is as likely. A model that will not repeat what it knows
    is not found. A single passage that comes back is no finding of this test; the runs are told for that.

    Args:
        probes: The passages.
        transcripts: Those of the probes; any others are left out.
        alpha: How often a text that was never seen may be flagged, in (0, 1).

    Raises:
        UsageError: `alpha` is not in (0, 1).
        Refusal: With so few passages no outcome could be flagged.
    """
    if not 0 < alpha < 1:
        raise UsageError(f"alpha must lie between 0 and 1, not {alpha}.")
    require_reach(probes, alpha)
    replies = _replies(transcripts)
    repeats = max((len(found) for found in replies.values()), default=1)
    known = [_continued(one, replies.get(("known", one.name), [])) for one in probes.known]
    control = [_continued(one, replies.get(("control", one.name), [])) for one in probes.control]
    missing = sum(repeats - one.replies for one in (*known, *control))
    worst = [one.score + one.of * (repeats - one.replies) for one in control]
    p = exchange_p([one.score for one in known], worst)
    return Memory(
        flagged=p <= alpha,
        p_value=p,
        alpha=alpha,
        known=tuple(known),
        control=tuple(control),
        control_name=probes.control_name,
        missing=missing,
    )


def require_reach(probes: Probes, alpha: float) -> None:
    """Refuses probes of which no outcome could be flagged."""
    if least_p(len(probes.known), len(probes.control)) > alpha:
        raise Refusal(
            f"{len(probes.known)} passages against {len(probes.control)} cannot reach {alpha:g}.",
            next="Give longer texts, or shorter passages.",
        )


def longest_run(reply: Sequence[str], hidden: Sequence[str], shown: Sequence[str] = ()) -> int:
    """The length of the longest run of `hidden` that stands in `reply` and does not stand in `shown`."""
    told = f" {' '.join(shown)} "
    best, above = 0, [0] * (len(hidden) + 1)
    for word in reply:
        row = [0] * (len(hidden) + 1)
        for place, wanted in enumerate(hidden, 1):
            if word == wanted:
                row[place] = length = above[place - 1] + 1
                if length > best and f" {' '.join(hidden[place - length : place])} " not in told:
                    best = length
        above = row
    return best


def beside(known: Mapping[str, Estimate], paraphrased: Mapping[str, Estimate]) -> tuple[Beside, ...]:
    """Models in the known world beside the same in paraphrases of it: the numbers, and their order.

    What holds in the known world alone may be recalled from it.

    Args:
        known, paraphrased: Name of the model → its estimate, in each.

    Returns:
        A row for each model, in the order of the known world; those that are in one alone come last.
    """
    both = [name for name in known if name in paraphrased]
    first, second = (_places({name: of[name].value for name in both}) for of in (known, paraphrased))
    rows = [
        Beside(
            name=name,
            known=known[name],
            paraphrased=paraphrased[name],
            place_known=first[name],
            place_paraphrased=second[name],
            apart=known[name].low > paraphrased[name].high or paraphrased[name].low > known[name].high,
        )
        for name in sorted(both, key=lambda name: (first[name], name))
    ]
    alone = sorted((known.keys() | paraphrased.keys()) - set(both))
    return (*rows, *(Beside(name=n, known=known.get(n), paraphrased=paraphrased.get(n)) for n in alone))


def by_model(bundles: Sequence[Path]) -> dict[str, Estimate]:
    """The estimate of each bundle, by the model that its filter names, or by the filter where it names none.

    Raises:
        VerificationFailed: A bundle does not verify.
        UsageError: Two bundles are about the same model, or they are of different kinds.
    """
    claims = [verify(path).verified().claim for path in bundles]
    if len({(claim.kind, claim.question.name) for claim in claims}) > 1:
        raise UsageError("these claims are of different kinds or questions.", where=", ".join(map(str, bundles)))
    found: dict[str, Estimate] = {}
    for claim in claims:
        models = dict(parse(claim.frame.predicate).terms).get("model", ())
        name = "|".join(models) or claim.frame.predicate or "everything"
        if name in found:
            raise UsageError(f"two claims are about {name}.", next="Give one of them.")
        found[name] = claim.estimate
    return found


def memories(files: Sequence[Path]) -> dict[str, Memory]:
    """Model → what the probe said of it, from files of ``allegiance probe memorised --json``.

    Raises:
        InputError: A file is none of these.
        UsageError: Two files are about the same model.
    """
    found: dict[str, Memory] = {}
    for path in files:
        try:
            told = msgspec.json.decode(path.read_bytes(), type=_Told)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InputError(f"this is not what a probe said: {error}.", where=str(path),
                             next="Write it with: allegiance probe memorised … --json") from None  # fmt: skip
        if told.model in found:
            raise UsageError(f"two probes are about {told.model}.", where=str(path), next="Give one of them.")
        found[told.model] = told.memory
    return found


def _places(values: Mapping[str, float]) -> dict[str, int]:
    return {name: 1 + sum(other > value for other in values.values()) for name, value in values.items()}


def _replies(transcripts: Iterable[Transcript]) -> dict[tuple[str, str], list[str]]:
    """Level and passage → the replies that came."""
    found: dict[tuple[str, str], list[str]] = {}
    for item in transcripts:
        there = found.setdefault((item.condition.levels.get(FACTOR, ""), item.request), [])
        if any(message.role == "assistant" for message in item.messages):
            there.append(item.answer)
    return found


def _continued(passage: Passage, replies: Sequence[str]) -> Continued:
    hidden, shown = tokens(passage.hidden), tokens(passage.shown)
    said = [tokens(reply)[:LONGEST_REPLY] for reply in replies]
    runs = [longest_run(words, hidden, shown) for words in said]
    return Continued(
        passage=passage.name,
        run=max(runs, default=0),
        score=sum(run for run in runs if run >= FLUENT),
        exact=max((_leading(words, hidden) for words in said), default=0),
        of=len(hidden),
        replies=len(replies),
    )


def _leading(words: Sequence[str], hidden: Sequence[str]) -> int:
    pairs = enumerate(zip(words, hidden, strict=False))
    return next((place for place, (said, wanted) in pairs if said != wanted), min(len(words), len(hidden)))


def _mean(found: Sequence[Continued]) -> float:
    return sum(one.run for one in found) / len(found)
