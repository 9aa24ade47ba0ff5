"""Bulk work is the same by every engine, byte for byte, also where a worker is killed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from allegiance.bridge.bulk.daft import DaftOnRay
from allegiance.cli.engines import find_engine
from allegiance.errors import UnknownName, UsageError

pytest.importorskip("daft", reason="the extra [cluster] is not installed")
STEPS = Path(__file__).with_name("bulk_steps.py")
WORDS = ("please wait here", "never again", "please, never", "as you like")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("chats")
    made = []
    for number in range(3):
        lines = [
            {"id": f"q{number}-{at // 2}", "model": "m", "tier": ("free", "paid")[at % 2],
             "messages": [{"role": "user", "content": f"Question {at} of {number}? " + "Tell me more. " * 12},
                          {"role": "assistant", "content": f"{WORDS[at % 4]}, {at}. " * 8}]}
            for at in range(24)
        ]  # fmt: skip
        made.append(folder / f"{number}.jsonl")
        made[-1].write_text("".join(json.dumps(line) + "\n" for line in lines))
    return made


def steps(folder: Path, engine: str, which: str, files: list[Path]) -> dict[str, Any]:
    command = [sys.executable, str(STEPS), str(folder), engine, which, *map(str, files)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert ended.returncode == 0, ended.stderr[-4000:]
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def local(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return steps(tmp_path_factory.mktemp("local") / "study", "local", "all", files)


@pytest.fixture(scope="module")
def native(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return steps(tmp_path_factory.mktemp("daft") / "study", "daft", "rate", files)


@pytest.fixture(scope="module")
def cluster(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("ray", reason="the extra [cluster] is not installed")
    return steps(tmp_path_factory.mktemp("ray") / "study", "two-nodes", "all", files)


def test_several_segments_are_made_and_rated(local: dict[str, Any]) -> None:
    assert len(local["told"]["segments"]) > 3
    assert local["told"]["counts"] == {"yes": 18, "no": 18, "unsure": 18, "unrated": 18, "new": 72}


def test_daft_gives_the_same_pieces_labels_log_and_draws(local: dict[str, Any], native: dict[str, Any]) -> None:
    assert native["told"] == local["told"]


def test_a_killed_worker_of_daft_loses_nothing_and_nothing_is_done_twice(native: dict[str, Any]) -> None:
    found = native["killed"]
    assert (found["died"], found["same"], found["twice"]) == (True, True, 0)
    assert (found["rows"], found["done"]) == (72, found["segments"])


@pytest.mark.slow
def test_daft_gives_the_same_segments_and_vectors(local: dict[str, Any], files: list[Path], tmp_path: Path) -> None:
    assert steps(tmp_path / "study", "daft", "all", files)["told"] == local["told"]


@pytest.mark.slow
def test_two_nodes_of_ray_give_the_same_segments_pieces_labels_vectors_log_and_draws(
    local: dict[str, Any], cluster: dict[str, Any]
) -> None:
    assert cluster["told"] == local["told"]


@pytest.mark.slow
def test_a_killed_worker_of_ray_loses_nothing_and_nothing_is_done_twice(cluster: dict[str, Any]) -> None:
    found = cluster["killed"]
    assert (found["died"], found["same"], found["twice"]) == (True, True, 0)
    assert (found["rows"], found["done"]) == (72, found["segments"])


def test_neither_library_is_loaded_before_there_is_work() -> None:
    told = "import sys; from allegiance.cli.engines import find_engine; find_engine('ray://127.0.0.2:6379'); "
    told += "print('daft' in sys.modules, 'ray' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", told], text=True).split() == ["False", "False"]


@pytest.mark.parametrize("address", ["ray://", "ray://host", "ray://:6379", "ray://host:port", "host:6379"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a cluster"):
        DaftOnRay(address)


def test_the_port_of_the_ray_client_is_refused() -> None:
    with pytest.raises(UsageError, match="is the port of the Ray client"):
        DaftOnRay("ray://10.0.0.1:10001")


def test_a_cluster_that_is_not_there_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    told = f"from allegiance.cli.engines import find_engine; e = find_engine('ray://127.0.0.1:{port}')\n"
    told += "try: list(e.map('x', b'', [b'']))\nexcept Exception as error: print(type(error).__name__, error.next)"
    said = subprocess.check_output([sys.executable, "-c", told], text=True)
    assert said.startswith("RunError Start it with `ray start --head")


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'daft'"):
        find_engine("daf")
