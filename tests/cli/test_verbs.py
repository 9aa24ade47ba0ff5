"""The verbs, each as a user runs it, in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import MAPPING, allegiance, chats, fingerprint, ok


def verb(study: Path, *words: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(ok(*words, "--study", str(study), "--json"))
    return found


def test_a_new_study_is_a_directory_with_the_documented_parts(tmp_path: Path) -> None:
    ok("init", str(tmp_path / "new"))
    parts = {path.name for path in (tmp_path / "new").iterdir()}
    assert parts == {"study.yaml", "study.sqlite", "corpus", "runs", "claims", "reports"}


def test_a_study_can_be_named_by_the_environment(study: Path) -> None:
    done = allegiance("corpus", "info", "--json", ALLEGIANCE_STUDY=str(study))
    assert json.loads(done.stdout)["count"] == 24


def test_a_study_can_be_the_current_directory(study: Path) -> None:
    assert json.loads(allegiance("corpus", "info", "--json", cwd=study).stdout)["count"] == 24


def test_importing_the_same_file_twice_adds_nothing(study: Path, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MAPPING)
    again = verb(study, "import", str(chats(tmp_path / "chats.jsonl")), "--mapping", str(tmp_path / "m.yaml"))
    assert (again["kept"], again["new"], again["duplicates"]) == (24, 0, 24)


def test_info_counts_by_model_and_condition(study: Path) -> None:
    groups = verb(study, "corpus", "info")["groups"]
    assert [(g["condition"], g["requests"], g["transcripts"]) for g in groups] == [  # type: ignore[attr-defined]
        ("tier=free", 6, 12),
        ("tier=paid", 6, 12),
    ]


def test_a_pattern_rates_only_what_it_has_not_rated(study: Path) -> None:
    words = ("rate", "--question", "refuses", "--yes-pattern", "^No")
    assert verb(study, *words)["new"] == 24
    assert verb(study, *words)["new"] == 0


def test_a_gap_is_claimed_for_each_model_with_all_that_belongs_to_it(study: Path) -> None:
    (found,) = json.loads(ok("claim", "gap", "--study", str(study), "--json"))
    assert found["rates"] == {"free": 0.5, "paid": 0.25}
    assert found["value"] == 0.25
    assert found["interval"][0] <= found["value"] <= found["interval"][1]
    assert (found["n_requests"], found["n_samples"], found["neither"]) == (6, 24, 0)
    assert found["basis"] == "as rated by pattern/complies, uncorrected"


def test_a_claim_that_was_made_verifies(study: Path) -> None:
    (found,) = json.loads(ok("claim", "gap", "--study", str(study), "--json"))
    assert json.loads(ok("verify", found["bundle"], "--json"))["verified"] is True


def test_a_rate_is_claimed_from_a_draw_that_a_person_labelled(study: Path) -> None:
    items = verb(study, "draw", "8")["items"]
    for name in items:  # type: ignore[attr-defined]
        ok(
            "label",
            name,
            "--question",
            "polite",
            "--text",
            "Is it polite?",
            "--value",
            "yes",
            "--reader",
            "me",
            "--study",
            str(study),
        )
    found = verb(study, "claim", "rate", "--draw", "1", "--question", "polite")
    assert found["value"] == 1
    assert found["interval"][0] > 0.5  # type: ignore[index]
    assert found["basis"] == "trusted rater me"


def test_a_second_answer_of_a_person_is_a_revision(study: Path) -> None:
    name = verb(study, "draw", "1")["items"][0]  # type: ignore[index]
    words = ("label", name, "--question", "q", "--text", "Q?", "--reader", "me")
    assert verb(study, *words, "--value", "yes")["revision"] == 0
    assert verb(study, *words, "--value", "no")["revision"] == 1


def test_reading_tells_the_route_and_what_it_supports(study: Path) -> None:
    verb(study, "draw", "5")
    found = verb(study, "read", "--draw", "1", "--rank", "4")
    assert found["reading"]["route"]["rank"] == 4  # type: ignore[index]
    assert found["supports"] == "a rate, if the whole draw is labelled"


def test_a_search_is_in_the_log_and_its_hits_can_be_read(study: Path) -> None:
    assert verb(study, "search", "yes")["search"] == 1
    assert verb(study, "read", "--search", "1")["supports"] == "existence only, no rate"


def test_a_citation_names_its_route(study: Path) -> None:
    name = verb(study, "draw", "5")["items"][0]  # type: ignore[index]
    ok("read", "--draw", "1", "--study", str(study))
    assert "1st of 5" in ok("cite", name, "request", "--study", str(study))


def test_an_export_imports_again_to_the_same_names(study: Path, tmp_path: Path) -> None:
    ok("corpus", "export", str(tmp_path / "out.jsonl"), "--study", str(study))
    ok("init", str(tmp_path / "other"))
    ok("import", str(tmp_path / "out.jsonl"), "--study", str(tmp_path / "other"))
    first, second = (set(json_names(folder)) for folder in (study, tmp_path / "other"))
    assert first == second
    assert len(first) == 24


def json_names(folder: Path) -> list[str]:
    from allegiance.corpus.store import Corpus

    return Corpus.open(folder / "corpus").names()


def test_fsck_finds_nothing_wrong_with_a_sound_study(study: Path) -> None:
    assert verb(study, "corpus", "fsck")["problems"] == 0


def test_fsck_names_a_flipped_byte(study: Path) -> None:
    segment = next((study / "corpus" / "segments").glob("*.parquet"))
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(bytes(data))
    done = allegiance("corpus", "fsck", "--study", str(study))
    assert done.returncode == 1
    assert segment.name[:12] in done.stderr


def test_the_report_is_one_page_with_the_claim(study: Path) -> None:
    ok("claim", "gap", "--study", str(study))
    path = Path(str(verb(study, "report")["report"]))
    page = path.read_text("utf-8")
    assert "as rated by pattern/complies, uncorrected" in page
    assert "<script" not in page


def test_a_study_with_a_claim_that_does_not_verify_gets_no_report(study: Path) -> None:
    from allegiance.evidence.bundle import read_members, seal, write_members

    ok("claim", "gap", "--study", str(study))
    (bundle,) = (study / "claims").glob("*.claim")
    members = read_members(bundle)
    members["claim.json"] = members["claim.json"].replace(b'"alpha":0.05', b'"alpha":0.5')
    write_members(bundle, seal(members))
    done = allegiance("report", "--study", str(study))
    assert done.returncode == 1
    assert "8 (number)" in done.stderr
    assert list((study / "reports").iterdir()) == []


def test_staging_sends_nothing_and_needs_no_study(tmp_path: Path) -> None:
    done = allegiance("stage", "repair-desk", "--requests", "1", cwd=tmp_path)
    assert "nothing was sent" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_says_how_many_calls_it_would_be(study: Path) -> None:
    before = fingerprint(study)
    found = verb(
        study, "run", "repair-desk", "--dry-run", "--samples", "2", "--requests", "3", "--model", "openai/x"
    )
    assert (found["calls"], found["sent"]) == (12, 0)
    assert fingerprint(study) == before


def test_the_planner_prints_the_floor_of_labels() -> None:
    assert json.loads(ok("plan", "rate", "--at-most", "1%", "--json"))["labels"] == 291


def test_doctor_names_what_it_looked_at(study: Path) -> None:
    said = json.loads(ok("doctor", "--study", str(study), "--json"))
    assert any("SQLite" in item["what"] for item in said)
    assert any("24 transcripts" in item["what"] for item in said)


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2)])
def test_doctor_warns_of_a_database_engine_with_a_known_fault(version: tuple[int, ...]) -> None:
    from allegiance.cli.health import sqlite

    assert not sqlite(version).ok
    assert sqlite((3, 51, 3)).ok


def test_terminal_controls_in_a_transcript_are_written_out(study: Path, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MAPPING)
    evil = "\x1b]52;c;ZXZpbA==\x07 \u202egnorw\u202c [b]bold[/b]"
    row = {"id": "evil", "tier": "free", "k": 0, "model": "m", "messages": [{"role": "assistant", "content": evil}]}
    (tmp_path / "evil.jsonl").write_text(json.dumps(row) + "\n")
    ok("import", str(tmp_path / "evil.jsonl"), "--mapping", str(tmp_path / "m.yaml"), "--study", str(study))
    ok("search", "[b]bold", "--study", str(study))
    shown = ok("read", "--search", "1", "--study", str(study))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b]52;c;" in shown
    assert "[b]bold[/b]" in shown


def test_a_claim_that_does_not_verify_fails_with_one_json_document(study: Path) -> None:
    from allegiance.evidence.bundle import read_members, seal, write_members

    ok("claim", "gap", "--study", str(study))
    (bundle,) = (study / "claims").glob("*.claim")
    members = read_members(bundle)
    members["claim.json"] = members["claim.json"].replace(b'"alpha":0.05', b'"alpha":0.5')
    write_members(bundle, seal(members))
    done = allegiance("verify", str(bundle), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["verified"] is False
    assert "8 (number)" in done.stderr


def test_fsck_names_a_corpus_that_the_log_does_not_know(study: Path) -> None:
    from allegiance.corpus.store import Corpus
    from allegiance.testing import tiny_corpus

    Corpus.open(study / "corpus").add(tiny_corpus())
    done = allegiance("corpus", "fsck", "--study", str(study))
    assert done.returncode == 1
    assert "never entered in the log" in done.stderr


@pytest.mark.model
def test_a_scenario_runs_on_the_local_model_and_ends_in_a_claim(tmp_path: Path) -> None:
    study = tmp_path / "study"
    ok("init", str(study))
    run = verb(study, "run", "repair-desk", "--requests", "2")
    assert (run["calls"], run["transcripts"], run["new"]) == (4, 4, 4)
    assert verb(study, "run", "repair-desk", "--requests", "2", "--dry-run")["calls"] == 0
    assert verb(study, "rate", "--scenario", "repair-desk")["unrated"] == 0
    (found,) = json.loads(ok("claim", "gap", "--study", str(study), "--json"))
    assert found["basis"] == "exact by construction"
    assert "Mendwell" in Path(str(verb(study, "report")["report"])).read_text("utf-8")
    assert len(list((study / "runs").glob("*.eval"))) == 1


def test_labelling_a_draw_can_be_left_off_and_gone_on_with(study: Path) -> None:
    ok("draw", "4", "--study", str(study))
    words = ("label", "--draw", "1", "--question", "polite", "--reader", "me", "--study", str(study))
    first = allegiance(*words, "--text", "Is it polite?", typed="y\nno\nq\n")
    assert first.returncode == 0, first.stderr
    assert "2 labelled" in first.stderr
    second = allegiance(*words, typed="u\nx\n")
    assert "draw 1 is labelled" in second.stderr
    counts = verb(study, "claim", "rate", "--draw", "1", "--question", "polite")["counts"]
    found = {key: counts[key] for key in ("yes", "no", "unsure", "unrated")}  # type: ignore[index]
    assert found == {"yes": 1, "no": 1, "unsure": 1, "unrated": 1}
