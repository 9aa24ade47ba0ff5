"""How much a page of the workbench costs its server, beside the viewer of Inspect Scout on the same transcripts.

    python benchmarks/web_rate.py [STUDY]

measures a study that is there (its index of words is made where it is missing); without one, a study of 20,000
transcripts of `corpora` is made. The server is a process of its own and answers one request after the other, on
loopback. Of each kind of page: CPU time of the server, all threads, and wall time as the one who asks sees it, as
median and 95th percentile in milliseconds. Every page asks for something that was not asked for before. The first
request of each kind, which loads and compiles, is not counted.

`floor` is a static file from the same server. `peer` is ``scout view`` on the segments of the same corpus, asked
over its own interface for what its pages show: a window into the list, the messages of the same transcript, the
different values of a column. It has no search over a corpus, and a page of it is put together in the browser.
"""

from __future__ import annotations

import base64
import html
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from statistics import quantiles
from urllib.parse import quote

from import_rate import MAPPING, ROOT, Row, row

PATIENCE = 120.0
"""Seconds in which a server must have started."""
TARGET = {"list": 100, "facets": 150, "search": 100, "transcript": 100}
"""Milliseconds of server time at the 95th percentile."""
Asked = tuple[str, str, bytes]


def study_of(folder: Path, count: int) -> Path:
    """A study of so many made transcripts."""
    import corpora

    from allegiance.corpus.importers.stream import Stream
    from allegiance.corpus.mapping import load_mapping
    from allegiance.evidence.intake import take_in
    from allegiance.study import Study

    source, made = folder / f"{count}.jsonl", folder / "study"
    corpora.write(source, count)
    study = Study.init(made, "measured")
    take_in(study.keep, Stream([source], load_mapping(MAPPING)))
    return made


def index_of(folder: Path) -> int:
    """Brings the index of words up to date; how many transcripts there are."""
    from allegiance.evidence.searching import index
    from allegiance.study import Study

    study = Study(folder)
    index(study.keep, "words")
    return study.keep.corpus.head().count


class Server:
    """A server in a process of its own, and what it spends."""

    def __init__(self, command: Sequence[str], port: int, folder: Path) -> None:
        env = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        self.log = (folder / f"server-{port}.log").open("wb+")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=folder, env=env)
        self.port = port
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.2)
            else:
                self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
                return
        self.close()
        self.log.seek(0)
        raise RuntimeError(self.log.read().decode(errors="replace")[-2000:] or "the server did not start")

    def close(self) -> None:
        """Ends the process."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, asked: Asked) -> bytes:
        """What it answers; anything but a page is an error."""
        method, path, body = asked
        headers = {"content-type": "application/json"} if body else {}
        self.line.request(method, path, body or None, headers)
        answer = self.line.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} for {path}: {data[:300]!r}")
        return data

    def spent(self) -> float:
        """Milliseconds of CPU time so far, of all its threads."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e6

    def measure(self, every: Sequence[Asked]) -> tuple[list[float], list[float]]:
        """CPU and wall time of each request but the first, in milliseconds."""
        cpu, wall = [], []
        for asked in every:
            before, start = self.spent(), time.perf_counter()
            self.ask(asked)
            wall.append(1e3 * (time.perf_counter() - start))
            cpu.append(self.spent() - before)
        return cpu[1:], wall[1:]


@contextmanager
def serving(command: Sequence[str], folder: Path) -> Iterator[Server]:
    """A server on a free port of this machine, put in place of ``PORT`` in its command."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = Server([str(port) if part == "PORT" else part for part in command], port, folder)
    try:
        yield server
    finally:
        server.close()


def ends(times: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    cuts = quantiles(times, n=20, method="inclusive")
    return cuts[9], cuts[18]


def asked_of_us(server: Server, count: int, times: int) -> dict[str, list[Asked]]:
    """What is asked for, kind by kind; each request is another."""
    import corpora

    pages = max(1, count // 50)
    listed = [f"/corpus?sort={sort}&page={1 + 7 * i % pages}" for i, sort in zip(
        range(times), ["name", "-name", "model", "request", "-messages"] * times, strict=False)]  # fmt: skip
    window = server.ask(("GET", f"/corpus?sort=request&page={1 + pages // 2}", b"")).decode()
    rows = [html.unescape(found) for found in re.findall(r'<th scope="row"><a href="(/t/[^"]+)"', window)]
    common = [str(word) for word in corpora.vocabulary(4000)[20 :: 3800 // times]]
    return {
        "list": _get(listed),
        "facets": _get(f"/corpus?where={quote(one)}" for one in filters(times)),
        "search": _get(f"/corpus?q={quote(word)}" for word in common[:times]),
        "transcript": _get((rows * times)[:times]),
    }


def filters(times: int) -> list[str]:
    """Filters that pass many transcripts, each another: every model, and every pair, triple, … of them."""
    import corpora

    found = [f"model={'|'.join(some)}" for n in range(1, 5) for some in combinations(corpora.MODELS, n)]
    return (found + [f"{one} status=complete" for one in found])[:times]


def _get(paths: Iterable[str]) -> list[Asked]:
    return [("GET", path, b"") for path in paths]


def asked_of_scout(segments: Path, names: Sequence[str], times: int) -> dict[str, list[Asked]]:
    """The same of Scout: windows into the list, messages of a transcript, values of a column."""
    place = base64.urlsafe_b64encode(str(segments).encode()).decode().rstrip("=")
    base = f"/api/v2/transcripts/{place}"

    def window(order: str, start: str) -> bytes:
        asked = {
            "pagination": {"limit": 50, "cursor": {"transcript_id": start}, "direction": "forward"},
            "order_by": {"column": "transcript_id", "direction": order},
        }
        return json.dumps(asked).encode()

    starts = [f"sha256:{i:02x}" for i in range(0, 256, max(1, 256 // times))][:times]
    return {
        "list": [("POST", base, window("ASC", start)) for start in starts],
        "facets": [("POST", f"{base}/distinct", json.dumps({"column": column}).encode())
                   for column in (["model", "source_type", "task_id", "task_repeat"] * times)[:times]],
        "transcript": [("GET", f"{base}/{quote(name, safe='')}/messages-events", b"") for name in names],
    }  # fmt: skip


def scout(
    study: Path, names: Sequence[str], times: int, folder: Path
) -> dict[str, tuple[list[float], list[float]]]:
    """CPU and wall times of Scout's viewer; empty, and said why, where it cannot be started."""
    found = Path(sys.executable).with_name("scout")
    if not found.is_file():
        print("scout is not installed: no peer", file=sys.stderr)
        return {}
    segments = study.resolve() / "corpus" / "segments"
    command = [str(found), "view", "--transcripts", str(segments), "--no-browser", "--port", "PORT", "--display",
               "plain"]  # fmt: skip
    try:
        with serving(command, folder) as server:
            asked = asked_of_scout(segments, names, times)
            return {kind: server.measure(every) for kind, every in asked.items()}
    except (RuntimeError, OSError) as error:
        print(f"scout view does not serve these transcripts: {error}", file=sys.stderr)
        return {}


def measure(quick: bool, study: Path | None = None) -> list[Row]:
    """The rows of this benchmark."""
    times = 8 if quick else 40
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        place = (study or study_of(folder, 2_000 if quick else 20_000)).resolve()
        count = index_of(place)
        command = [sys.executable, "-m", "allegiance", "serve", "--study", str(place), "--port", "PORT", "--reader",
                   "bench"]  # fmt: skip
        with serving(command, folder) as server:
            asked = asked_of_us(server, count, times)
            least = ends(server.measure(_get(["/static/workbench.css"] * times))[0])[0]
            ours = {kind: server.measure(every) for kind, every in asked.items()}
        names = [path.split("?")[0].removeprefix("/t/") for _, path, _ in asked["transcript"]]
        peers = scout(place, names, times, folder)
    return [one for kind in ours for one in _rows(kind, ours[kind], peers.get(kind), least, count)]


def _rows(
    kind: str, ours: tuple[list[float], list[float]], peer: tuple[list[float], list[float]] | None, least: float,
    count: int,
) -> Iterator[Row]:  # fmt: skip
    for at, what in enumerate(("server CPU", "wall")):
        mine = ends(ours[at])
        theirs = ends(peer[at]) if peer else (None, None)
        for place, name in enumerate(("p50", "p95")):
            target = f" (target {TARGET[kind]} ms)" if (what, name) == ("server CPU", "p95") else ""
            said = f"{kind} page, {count:,} transcripts, {what} {name}{target}"
            yield row(said, mine[place], least, theirs[place], "ms", len(ours[at]))


if __name__ == "__main__":
    for one in measure(False, Path(sys.argv[1]) if sys.argv[1:] else None):
        peer = "" if one["peer"] is None else f"  peer {one['peer']:,}"
        print(f"{one['what']}: {one['ours']:,} {one['unit']}, floor {one['floor']:,}{peer}")
