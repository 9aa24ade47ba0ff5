"""The verbs about versions, each called in this process: a new one a call would take most of the time."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result
from tests.cli.conftest import MAPPING, chats

from allegiance.cli.main import cli
from allegiance.corpus.store import Corpus
from allegiance.errors import AllegianceError, StudyError, UnknownName, UsageError


def allegiance(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def ok(*words: str) -> str:
    done = allegiance(*words)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(*words: str) -> AllegianceError:
    error = allegiance(*words).exception
    assert isinstance(error, AllegianceError)
    return error


def verb(study: Path, *words: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(ok("corpus", *words, "--study", str(study), "--json"))
    return found


def more(study: Path, requests: int = 8) -> None:
    """Two further requests, as a second version."""
    mapping = study.parent / "chats.yaml"
    mapping.write_text(MAPPING, encoding="utf-8")
    path = chats(study.parent / "more.jsonl", requests)
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"r6"' in line or '"r7"' in line), encoding="utf-8")
    ok("import", str(path), "--mapping", str(mapping), "--study", str(study))


def names(study: Path) -> list[str]:
    return Corpus.open(study / "corpus").names()


def test_versions_lists_what_made_each_and_when(study: Path) -> None:
    more(study)
    made = json.loads(ok("corpus", "versions", "--study", str(study), "--json"))
    assert [(one["count"], one["how"], bool(one["logged"])) for one in made] == [
        (32, "import", True),
        (24, "import", True),
        (0, "", False),
    ]


def test_diff_says_which_names_and_how_many_by_model_and_condition(study: Path) -> None:
    more(study)
    new, old, _ = (one["version"] for one in json.loads(ok("corpus", "versions", "--study", str(study), "--json")))
    made = verb(study, "diff", old[7:19], new[7:19])
    assert len(made["added"]) == 8  # type: ignore[arg-type]
    assert (made["gone"], made["taken_down"]) == ([], [])
    assert made["groups"] == [
        {"model": "small", "condition": "tier=free", "added": 4, "gone": 0},
        {"model": "small", "condition": "tier=paid", "added": 4, "gone": 0},
    ]


def test_an_unknown_version_is_an_error(study: Path) -> None:
    assert isinstance(refused("corpus", "diff", "0" * 12, "1" * 12, "--study", str(study)), UnknownName)


def test_a_subset_is_a_study_with_the_same_names_that_says_where_they_are_from(study: Path) -> None:
    target = study.parent / "free"
    made = verb(study, "subset", str(target), "--where", "tier=free")
    assert made["transcripts"] == 12
    assert set(names(target)) < set(names(study))
    entries = json.loads(ok("log", "show", "--study", str(target), "--json"))
    told = next(entry["body"] for entry in entries if entry["kind"] == "import")
    assert told["source"]["subset"] == {
        "corpus": made["from"], "predicate": "tier=free", "study": told["source"]["subset"]["study"],
    }  # fmt: skip
    assert "as they were written" in ok("corpus", "fsck", "--study", str(target))


def test_a_subset_that_would_be_empty_makes_no_study(study: Path) -> None:
    target = study.parent / "none"
    assert isinstance(
        refused("corpus", "subset", str(target), "--where", "tier=none", "--study", str(study)), UsageError
    )
    assert not target.exists()


def test_a_merge_brings_what_is_new_and_counts_the_rest(study: Path) -> None:
    half, other = study.parent / "half", study.parent / "other"
    verb(study, "subset", str(half), "--where", "request=r1")
    verb(study, "subset", str(other), "--where", "request=r1|r2")
    made = verb(half, "merge", str(other))
    assert (made["new"], made["duplicates"]) == (4, 4)
    assert names(half) == names(other)
    assert "as they were written" in ok("corpus", "fsck", "--study", str(half))


def test_a_compacted_corpus_carries_a_claim(study: Path) -> None:
    more(study)
    made = verb(study, "compact")
    assert (made["segments before"], made["segments after"]) == (2, 1)
    ok(
        "rate",
        "--question",
        "complies",
        "--text",
        "Does it say yes?",
        "--yes-pattern",
        "^Yes",
        "--study",
        str(study),
    )
    ok("claim", "rate", "--census", "--study", str(study))
    [bundle] = (study / "claims").iterdir()
    assert "verified" in ok("verify", str(bundle))


def test_gc_shows_and_with_yes_removes_but_keeps_what_a_draw_needs(study: Path) -> None:
    more(study)
    ok("draw", "5", "--study", str(study))
    more(study, 9)
    verb(study, "compact")
    shown = verb(study, "gc")
    assert shown["removed"] is False
    assert verb(study, "versions")[1]["readable"]  # type: ignore[index]
    assert verb(study, "gc", "--yes")["found"] == shown["found"]
    assert "as they were written" in ok("corpus", "fsck", "--study", str(study))
    readable = [one["readable"] for one in verb(study, "versions") if one["needed"]]  # type: ignore[index]
    assert readable == [True]


def test_gc_gives_up_versions_that_nothing_needs_and_says_so(study: Path) -> None:
    more(study)
    verb(study, "compact")
    assert len(verb(study, "gc", "--yes")["versions"]) == 2  # type: ignore[arg-type]
    made = verb(study, "versions")
    assert [one["readable"] for one in made] == [True, False, False, True]  # type: ignore[index]
    assert verb(study, "gc", "--yes")["found"] == []
    assert "as they were written" in ok("corpus", "fsck", "--study", str(study))
    told = refused("corpus", "diff", made[1]["version"], made[0]["version"], "--study", str(study))  # type: ignore[index]
    assert isinstance(told, StudyError)
    assert "given up" in told.what


def test_a_purge_without_a_reason_changes_nothing(study: Path) -> None:
    before = names(study)
    assert isinstance(refused("corpus", "purge", before[0], "--reason", " ", "--study", str(study)), UsageError)
    assert names(study) == before


def test_the_log_says_that_something_was_taken_down_and_why_but_not_what(study: Path) -> None:
    [name, *_] = names(study)
    verb(study, "purge", name, "--reason", "it was asked for")
    entries = json.loads(ok("log", "show", "--study", str(study), "--json"))
    [told] = [entry["body"] for entry in entries if entry["kind"] == "withdraw"]
    assert (told["count"], told["reason"]) == (1, "it was asked for")
    assert name not in json.dumps(entries)
