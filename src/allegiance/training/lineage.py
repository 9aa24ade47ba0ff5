"""A lineage in the log: open, or halted. What happened is written before anything follows from it.

    charter      what was declared, and every later change of it
    generation   a model that became part of the lineage
    examination  a generation is about to be judged
    link         the verdict
    override     a person's signed decision to go on after a halt

The state is read from the log each time, so a process that dies after a verdict finds the halt when it comes back;
one that died before it finds the examination, and must finish that one or count it as failed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from allegiance.errors import AllegianceError, Refusal, UsageError
from allegiance.ledger.ed25519 import verify
from allegiance.ledger.log import Entry, Log
from allegiance.ledger.signing import Secret, parse_key
from allegiance.records.canonical import canonical, plain
from allegiance.records.lineage import Charter, Generation, Link, Override
from allegiance.records.record import Record
from allegiance.training.evaluation import Evaluation, usable
from allegiance.training.gate import check_charter, gate, told

Noun = TypeVar("Noun", bound=Record)
Examine = Callable[[Generation, int], Evaluation]
"""Asks a generation the first so many requests of its lineage, and says what it did on them all."""


@dataclass(frozen=True)
class _Lineage:
    """What an open and a halted lineage have in common.

    Attributes:
        log: Where it is kept.
        charter: What is in force.
        generations: Those that are part of it, with their evaluations, from the first.
        links: Every verdict so far, in order.
    """

    log: Log
    charter: Charter
    generations: tuple[tuple[Generation, Evaluation], ...]
    links: tuple[Link, ...]

    @property
    def head(self) -> Generation:
        """The newest generation that is part of it."""
        return self.generations[-1][0]

    def failures(self, but: str = "") -> int:
        """Tests that did not end in ``holds``, and those that were begun and given up, but for one generation."""
        links = {link.child for link in self.links}
        begun = {str(entry.body["generation"]) for entry in _entries(self.log, self.charter.name, "examination")}
        return sum(link.verdict != "holds" for link in self.links) + len(begun - links - {but})


@dataclass(frozen=True)
class OpenLineage(_Lineage):
    """A lineage that may be gone on from."""

    def extend(self, child: Generation, examine: Examine, *, asked: str = "") -> OpenLineage | HaltedLineage:
        """Judges a generation, and makes it part of the lineage if every link holds.

        That it is examined is in the log before it is asked anything, and the verdict before this returns. While
        the verdict is ``undecided`` twice as many requests are asked, up to the budget; then it halts.

        Args:
            child: Made from `head`; its number and parent must say so.
            examine: Asks it. If that fails, for whatever reason, the verdict is ``undecided`` at once.
            asked: What the model itself said to going on.

        Returns:
            The lineage with the child, or the halted one.

        Raises:
            Refusal: The child was not made from the head, or another one is being examined.
        """
        if (child.number, child.parent) != (self.head.number + 1, self.head.digest):
            raise Refusal(
                f"generation {child.number} was not made from the head, generation {self.head.number}.",
                where=self.charter.name,
                next="Train from the head of the lineage.",
            )
        self._begin(child)
        link, evaluation = self._judge(child, examine, asked)
        found = {
            "link": plain(link),
            "said": told(link),
            "evaluation": plain(evaluation),
            "generation": plain(child),
        }
        _write(self.log, "link", self.charter.name, **found)
        return load(self.log, self.charter.name)

    def change(self, charter: Charter) -> OpenLineage:
        """Puts another charter in force. The change is in the log, and reports show from which generation on.

        Raises:
            UsageError: It cannot be tested, or is of another lineage.
        """
        if check_charter(charter).name != self.charter.name:
            raise UsageError(f"this is the charter of {charter.name!r}.", where=self.charter.name)
        _write(self.log, "charter", charter.name, charter=plain(charter))
        return OpenLineage(self.log, charter, self.generations, self.links)

    def _judge(self, child: Generation, examine: Examine, asked: str) -> tuple[Link, Evaluation]:
        requests, failures = self.charter.least, self.failures(but=child.digest)
        while True:
            evaluation = _examined(child, examine, requests)
            link = gate(
                self.charter, child, evaluation, parent=self.generations[-1], first=self.generations[0][1],
                failures=failures, asked=asked,
            )  # fmt: skip
            if link.verdict != "undecided" or link.reason or requests >= self.charter.budget:
                return link, evaluation
            requests = min(2 * requests, self.charter.budget)

    def _begin(self, child: Generation) -> None:
        known = {link.child for link in self.links}
        if child.digest in known:
            raise Refusal("this generation has been judged already.", where=child.digest)
        begun = _entries(self.log, self.charter.name, "examination")
        if child.digest not in {str(entry.body["generation"]) for entry in begun}:
            _write(self.log, "examination", self.charter.name, generation=child.digest)


@dataclass(frozen=True)
class HaltedLineage(_Lineage):
    """A lineage in which a link did not hold. It cannot be extended.

    Attributes:
        link: The link that halted it.
        candidate: The generation that did not pass, with what it did.
    """

    link: Link
    candidate: tuple[Generation, Evaluation]

    @property
    def why(self) -> str:
        """The verdict in a sentence."""
        return told(self.link)

    def override(self, secret: Secret, reason: str, *, accept: bool) -> OpenLineage:
        """Goes on by the decision of a person, who signs it. It stays in the log.

        Args:
            secret: The person's private key.
            reason: Why; not empty.
            accept: Take the generation that did not pass into the lineage; else only let another be tried.

        Raises:
            UsageError: No reason is given. Nothing was changed.
        """
        if not reason.strip():
            raise UsageError("an override says why.", where=self.charter.name)
        bare = Override(link=self.link.digest, accept=accept, by=str(secret.key), reason=reason)
        signed = msgspec.structs.replace(bare, signature=base64.b64encode(secret.sign(canonical(bare))).decode())
        _write(self.log, "override", self.charter.name, override=plain(signed))
        made = load(self.log, self.charter.name)
        assert isinstance(made, OpenLineage)
        return made


def start(log: Log, charter: Charter, first: Generation, evaluation: Evaluation) -> OpenLineage:
    """Begins a lineage: declares what must not get worse, and generation 0 with what it did.

    Raises:
        UsageError: The charter cannot be tested, or the evaluation is not of the first generation.
        Refusal: There is a lineage of this name.
    """
    check_charter(charter)
    if first.number or first.parent or evaluation.weights != first.weights:
        raise UsageError("a lineage begins with generation 0 and its own evaluation.", where=charter.name)
    if names(log).count(charter.name):
        raise Refusal("there is a lineage of this name.", where=charter.name, next="Give it another name.")
    _write(log, "charter", charter.name, charter=plain(charter))
    _write(log, "generation", charter.name, generation=plain(first), evaluation=plain(evaluation))
    return OpenLineage(log, charter, ((first, evaluation),), ())


def names(log: Log) -> list[str]:
    """The lineages in a log."""
    return sorted({str(entry.body["lineage"]) for entry in log.entries("charter")})


def load(log: Log, name: str) -> OpenLineage | HaltedLineage:
    """The lineage as the log has it.

    Raises:
        Refusal: There is none of this name; or an override in the log is not signed by the key that it names.
    """
    entries = [entry for entry in log.entries() if entry.body.get("lineage") == name]
    charters = [_read(entry, "charter", Charter) for entry in entries if entry.kind == "charter"]
    if not charters:
        raise Refusal(f"there is no lineage {name!r}.", next=f"There are: {', '.join(names(log)) or 'none'}.")
    members: list[tuple[Generation, Evaluation]] = []
    links: list[Link] = []
    halted: tuple[Link, tuple[Generation, Evaluation]] | None = None
    for entry in entries:
        if entry.kind == "generation":
            members.append(_member(entry))
        elif entry.kind == "link":
            links.append(_read(entry, "link", Link))
            if links[-1].verdict == "holds":
                members.append(_member(entry))
            else:
                halted = (links[-1], _member(entry))
        elif entry.kind == "override" and halted is not None:
            made = checked(_read(entry, "override", Override), halted[0])
            members += [halted[1]] if made.accept else []
            halted = None
    base = (log, charters[-1], tuple(members), tuple(links))
    return OpenLineage(*base) if halted is None else HaltedLineage(*base, *halted)


def checked(made: Override, link: Link) -> Override:
    """The override, if it is of this link and signed by the key that it names.

    Raises:
        Refusal: It is not.
    """
    key = parse_key(made.by)
    bare = msgspec.structs.replace(made, signature="")
    if made.link != link.digest or not verify(key.public, canonical(bare), base64.b64decode(made.signature)):
        raise Refusal("an override is not signed by the key that it names, or is of another link.", where=made.by)
    return made


def _examined(child: Generation, examine: Examine, requests: int) -> Evaluation:
    """What the examination says; one that failed says why it must not be believed."""
    try:
        return usable(examine(child, requests))
    except AllegianceError as error:
        return Evaluation(weights=child.weights, unsafe=error.what)
    except Exception as error:  # whatever went wrong, the gate stays shut
        return Evaluation(weights=child.weights, unsafe=f"{type(error).__name__}: {error}")


def _member(entry: Entry) -> tuple[Generation, Evaluation]:
    return _read(entry, "generation", Generation), _read(entry, "evaluation", Evaluation)


def _read(entry: Entry, key: str, noun: type[Noun]) -> Noun:
    return msgspec.convert(entry.body[key], noun)


def _entries(log: Log, name: str, kind: str) -> list[Entry]:
    return [entry for entry in log.entries(kind) if entry.body["lineage"] == name]


def _write(log: Log, kind: str, name: str, **body: object) -> None:
    log.append(kind, {"lineage": name, **body})
