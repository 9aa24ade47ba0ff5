"""Files behind URLs that the user named: fetched whole, checked like any other, gone afterwards."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import fsspec
import pytest
from tests.corpus.made import eval_bytes, sample
from tests.corpus.shapes import ASKED, jsonl

from allegiance.corpus.archive import Limits
from allegiance.corpus.importers import plan_import
from allegiance.corpus.importers.remote import is_url, local, shown
from allegiance.errors import ImportRefused

CHAT = jsonl([{"messages": [*ASKED, {"role": "assistant", "content": "No."}]}]).encode()


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    system.pipe("/logs/a.jsonl", CHAT)
    system.pipe("/logs/deep/b.eval", eval_bytes([sample(1)]))
    system.pipe("/logs/notes.txt", b"none")
    yield system
    system.rm("/logs", recursive=True)


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path.startswith("/a.jsonl")
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(CHAT) if found else 0))
        self.end_headers()
        self.wfile.write(CHAT if found else b"")

    do_HEAD = do_GET  # noqa: N815 (the name is the method of the request)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    held = HTTPServer(("127.0.0.1", 0), _Answers)
    thread = threading.Thread(target=held.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{held.server_port}"
    held.shutdown()
    held.server_close()


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return path


@pytest.mark.usefixtures("memory")
def test_a_remote_file_is_named_as_it_is_there() -> None:
    with local(["memory://logs/a.jsonl"]) as [path]:
        [item] = plan_import([path]).transcripts
    assert (item.answer, item.source.file) == ("No.", "a.jsonl")


@pytest.mark.usefixtures("memory")
def test_of_a_remote_folder_only_files_that_are_looked_for_are_fetched() -> None:
    with local(["memory://logs"]) as [folder]:
        assert [p.name for p in sorted(folder.rglob("*")) if p.is_file()] == ["a.jsonl", "b.eval"]
        assert {item.source.file for item in plan_import([folder]).transcripts} == {"a.jsonl", "deep/b.eval"}


@pytest.mark.usefixtures("memory")
def test_the_copy_is_gone_afterwards() -> None:
    with local(["memory://logs/a.jsonl"]) as [path]:
        assert path.is_file()
    assert not path.exists()


@pytest.mark.usefixtures("memory")
def test_fetched_and_local_files_have_the_same_names(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(CHAT)
    with local(["memory://logs/a.jsonl"]) as [path]:
        assert plan_import([path]).names == plan_import([tmp_path / "a.jsonl"]).names


def test_a_url_of_a_server_is_fetched(server: str) -> None:
    with local([f"{server}/a.jsonl"]) as [path]:
        assert plan_import([path]).transcripts[0].answer == "No."


def test_what_a_server_does_not_have_is_told_without_keys(server: str) -> None:
    with pytest.raises(ImportRefused) as caught, local([f"{server}/none.jsonl?key=secret"]):
        pass
    assert "secret" not in str(caught.value)


@pytest.mark.usefixtures("memory")
def test_more_than_the_limit_is_not_fetched() -> None:
    with pytest.raises(ImportRefused, match="than the limit"), local(["memory://logs"], Limits(total_bytes=10)):
        pass


def test_members_of_an_archive_are_read_through_our_own_checks(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", a_jsonl=CHAT, b_txt=b"none")
    with local([f"zip://*::{path}"]) as [folder]:
        assert [item.answer for item in plan_import([folder]).transcripts] == ["No."]


def test_a_member_whose_name_is_a_path_goes_nowhere_but_beside_the_others(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../out.jsonl", CHAT)
    (tmp_path / "a.zip").write_bytes(packed.getvalue())
    with local([f"zip://*::{tmp_path / 'a.zip'}"]) as [folder]:
        assert [p.name for p in folder.iterdir()] == ["00000-out.jsonl"]
    assert list(tmp_path.rglob("out.jsonl")) == []


def test_a_bomb_behind_a_url_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", b"0" * (20 << 20))
    with pytest.raises(ImportRefused, match="zip bomb"), local([f"zip://a.jsonl::{tmp_path / 'a.zip'}"]):
        pass


@pytest.mark.parametrize("url", ["simplecache::memory://x", "reference://x", "memory://logs::memory://x"])
def test_urls_that_stand_for_others_are_not_read(url: str) -> None:
    if is_url(url):
        with pytest.raises(ImportRefused, match="not read"), local([url]):
            pass
    else:
        with local([url]) as [path]:
            assert path == Path(url)


def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    with local([f"file://{tmp_path}/a.jsonl"]) as [path]:
        assert path == tmp_path / "a.jsonl"


def test_a_missing_store_is_told_by_its_package() -> None:
    with pytest.raises(ImportRefused, match="cannot be read"), local(["nosuch://x/a.jsonl"]):
        pass


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://me:key@host/a?b=c#d", "https://host/a"), ("s3://bucket/a.jsonl", "s3://bucket/a.jsonl")],
)
def test_a_url_is_shown_without_what_may_be_a_key(url: str, expected: str) -> None:
    assert shown(url) == expected
