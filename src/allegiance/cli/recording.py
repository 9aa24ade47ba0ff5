"""Verbs on the log: show, checkpoint, anchor, prove, check, key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from allegiance.cli.groups import Verbs
from allegiance.cli.options import json_option, open_study, study_option
from allegiance.cli.output import builtins, emit, note, table
from allegiance.errors import InputError, UnknownName, UsageError, VerificationFailed

if TYPE_CHECKING:
    from allegiance.ledger.anchors import Comparison
    from allegiance.ledger.sealing import Published, Seal
    from allegiance.ledger.signing import Key
    from allegiance.study import Study

WIDTH = 96
"""Characters of an entry's body in `log show`."""


@click.group(cls=Verbs)
def log() -> None:
    """Look at the log of a study, publish its checkpoint, prove an entry, check what was published."""


@log.command("show")
@click.option("--since", default=0, type=click.IntRange(min=0), metavar="N", help="From entry N on.")
@click.option("--kind", default="", metavar="KIND", help="Entries of one kind.")
@study_option
@json_option
def log_show(since: int, kind: str, folder: Path, as_json: bool) -> None:
    """Show the entries in order. They hold digests and counts, never transcripts.

    \b
    Example:
      allegiance log show --kind draw --study care
    """
    from allegiance.ledger.kinds import KINDS

    if kind and kind not in KINDS:
        raise UnknownName("kind of log entry", kind, KINDS)
    entries = [entry for entry in open_study(folder).keep.log.entries(kind) if entry.seq >= since]
    rows = [(entry.seq, entry.at, entry.kind, _short(entry.body)) for entry in entries]
    emit(as_json, builtins(entries), table(rows, ("entry", "at", "kind", "says")))


@log.command("checkpoint")
@study_option
@json_option
def log_checkpoint(folder: Path, as_json: bool) -> None:
    """Print the checkpoint of now: origin, size and root of the log, signed if the study has a key.

    \b
    Example:
      allegiance log checkpoint --study care
    """
    study = open_study(folder)
    text = _seal(study).note(study.keep.log)
    emit(as_json, _told(text, _seal(study)), text.removesuffix("\n"))


@log.command("anchor")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@study_option
@json_option
def log_anchor(file: Path, folder: Path, as_json: bool) -> None:
    """Write the checkpoint into a file for you to publish, and log that. Replaces an earlier checkpoint there.

    Publish the file where you cannot change it later: push a commit, attach it to a registration, mail it.

    \b
    Example:
      allegiance log anchor care.checkpoint --study care
    """
    from allegiance.ledger.anchors import anchor

    study = open_study(folder)
    made = anchor(study.keep.log, file, _seal(study))
    said = f"{made.body['size']} entries, root {made.body['root']}, written to {file} (log entry {made.seq})"
    emit(as_json, {"file": str(file), "entry": made.seq, **made.body}, f"{said}\nIt counts once it is published.")


@log.command("prove")
@click.argument("entry", type=click.IntRange(min=0))
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A published checkpoint to prove it in, instead of the one of now.",
)
@study_option
@json_option
def log_prove(entry: int, against: Path | None, folder: Path, as_json: bool) -> None:
    """Print a proof that an entry is in the log: a file for others, with the entry in it.

    \b
    Example:
      allegiance log prove 12 --study care > draw.tlog-proof
    """
    from allegiance.ledger.anchors import compare, require_continued
    from allegiance.ledger.proofs import Proof, check_inclusion
    from allegiance.ledger.sealing import read_published

    study = open_study(folder)
    seal, stored = _seal(study), study.keep.log
    data = _read(against) if against else seal.note(stored).encode()
    point = read_published(data, study.origin, seal.keys(), str(against or "")).checkpoint
    if against:
        require_continued(compare(stored.leaves(), point), str(against))
    path = stored.inclusion(entry, point.size)
    said = next((data for seq, _, data in stored.raw(entry, 1) if seq == entry), b"")
    proof = Proof(entry, tuple(path), data.decode(), said)
    check_inclusion(proof, said, point)
    shown = {"entry": json.loads(said), "size": point.size, "root": point.root, "hashes": len(path)}
    emit(as_json, shown | {"proof": str(proof)}, str(proof).removesuffix("\n"))


@log.command("check")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", "given", multiple=True, metavar="KEY", help="A public key, or a file with one, to ask for.")
@study_option
@json_option
def log_check(file: Path, given: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Check a published checkpoint, or a proof, against the log: does the log continue it, or was it forked?

    The entries are read back in full and the tree is worked out anew.

    \b
    Example:
      allegiance log check care.checkpoint --study care
    """
    from allegiance.ledger.anchors import compare, require_continued
    from allegiance.ledger.sealing import read_published

    study, data = open_study(folder), _read(file)
    keys = tuple(map(read_key, given)) or _seal(study).keys()
    text = _proven(data, str(file)) if _is_proof(data) else data
    published = read_published(text, study.origin, keys, str(file))
    if given and not published.signers:
        raise VerificationFailed("this is not signed.", where=str(file), next="Leave --key out to take it so.")
    if _is_proof(data):
        _check_proof(data, published, str(file))
    found = compare(study.keep.log.leaves(), published.checkpoint)
    for fault in study.keep.log.fsck() if found.state in {"forked", "cut off"} else ():
        note(f"damaged: {fault}")
    require_continued(found, str(file))
    emit(as_json, _compared(found, published), _words(found, published))


@log.command("key")
@study_option
@json_option
def log_key(folder: Path, as_json: bool) -> None:
    """Make a key that signs checkpoints from now on, and print its public half.

    The private half stays in log.key in the study, for you alone. It goes into no export and no bundle.

    \b
    Example:
      allegiance log key --study care
    """
    study = open_study(folder)
    key = _seal(study).create()
    emit(as_json, {"key": str(key), "name": key.name, "id": key.id.hex(), "file": "log.key"}, str(key))


def _seal(study: Study) -> Seal:
    from allegiance.ledger.sealing import Seal

    return Seal(study.folder, study.origin)


def _read(path: Path) -> bytes:
    from allegiance.ledger.notes import MAX_BYTES

    if path.stat().st_size > MAX_BYTES:
        raise InputError(f"this is larger than {MAX_BYTES} bytes, and no checkpoint.", where=str(path))
    return path.read_bytes()


def read_key(given: str) -> Key:
    """A public key, given as text or as the path of a file that holds it."""
    from allegiance.ledger.signing import parse_key

    path = Path(given)
    if "+" in given:
        return parse_key(given.strip(), "--key")
    if not path.is_file():
        raise UsageError("this is neither a public key nor a file.", where=f"--key {given}")
    return parse_key(_read(path).decode(errors="replace").strip(), given)


def _is_proof(data: bytes) -> bool:
    from allegiance.ledger.proofs import is_proof

    return is_proof(data)


def _proven(data: bytes, where: str) -> bytes:
    from allegiance.ledger.proofs import parse_proof

    return parse_proof(data, where).note.encode()


def _check_proof(data: bytes, published: Published, where: str) -> None:
    from allegiance.ledger.proofs import check_inclusion, parse_proof

    proof = parse_proof(data, where)
    if proof.extra is None:
        raise InputError("this proof does not hold the entry that it proves.", where=where)
    check_inclusion(proof, proof.extra, published.checkpoint, where)


def _short(body: object) -> str:
    text = json.dumps(body, ensure_ascii=False)[1:-1]
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _told(text: str, seal: Seal) -> dict[str, object]:
    from allegiance.ledger.sealing import read_published

    published = read_published(text.encode(), seal.origin, seal.keys())
    point = published.checkpoint
    signed = [str(key) for key in published.signers]
    return {"origin": seal.origin, "size": point.size, "root": point.root, "signers": signed, "note": text}


def _compared(found: Comparison, published: Published) -> dict[str, object]:
    from allegiance.ledger.anchors import DOES_NOT_SHOW

    return {
        "state": found.state,
        "grade": found.grade,
        "published": builtins(found.published),
        "head": builtins(found.head),
        "proof": [one.hex() for one in found.proof],
        "signers": [str(key) for key in published.signers],
        "does_not_show": DOES_NOT_SHOW[found.grade],
    }


def _words(found: Comparison, published: Published) -> str:
    from allegiance.ledger.anchors import DOES_NOT_SHOW

    names = ", ".join(key.name for key in published.signers)
    by = f"signed by {names}" if names else "not signed: it is worth what the place is worth where you found it"
    old, new = found.published.size, found.head.size
    return "\n".join(
        [
            f"the log continues it: the first {old} of {new} entries are those published",
            f"{by}; consistency proof of {len(found.proof)} hashes holds",
            f"grade: {found.grade}, if nobody here could change this file once it was published. It does not show",
            *(f"- {what}" for what in DOES_NOT_SHOW[found.grade]),
        ]
    )


VERBS = (log,)
