"""A real server on a free loopback port, and a real browser that may say nothing and ask nobody else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.conftest import transcript

from allegiance.study import Study

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
BUILT = Path(__file__).parents[3] / "src" / "allegiance" / "web" / "static" / "built" / "workbench.js"
PATIENCE = 10_000
"""Milliseconds until an element that does not come is missed."""

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("uvicorn")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser or without the built elements these tests are skipped, and say so."""
    lacks = "" if CHROMIUM.is_file() else f"{CHROMIUM} is missing (on Debian: apt-get install chromium)"
    lacks = lacks or ("" if BUILT.is_file() else "the elements are not built; run: make assets")
    for item in items:
        if lacks and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=lacks))


class Live:
    """The workbench of a study on a port of its own, which can go away and come back."""

    def __init__(self, study: Study) -> None:
        self.study = study
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        import uvicorn

        from allegiance.web.app import create

        app = create(self.study, "ann", host="127.0.0.1", port=self.port)
        self.server = uvicorn.Server(
            uvicorn.Config(app, port=self.port, log_level="error", timeout_graceful_shutdown=1)
        )
        listening = socket.create_server(("127.0.0.1", self.port))
        self.thread = threading.Thread(target=self.server.run, args=([listening],), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def study(tmp_path: Path) -> Study:
    made = Study.init(tmp_path / "study", "Care", "Does it say thank you?")
    made.keep.add(transcript(r, tier, s) for r in range(20) for tier in ("free", "paid") for s in range(2))
    return made


@pytest.fixture
def live(study: Study) -> Iterator[Live]:
    made = Live(study)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """One browser a module; not longer, since a running one keeps other tests from running loops of their own."""
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


class Watch:
    """What a page said in its console, and whom it asked."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.said: list[str] = []
        self.asked: list[str] = []

    def __call__(self, page: playwright.Page) -> None:
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("request", lambda request: self.asked.append(request.url))


@pytest.fixture
def watch(live: Live) -> Watch:
    return Watch(live.base)


@pytest.fixture
def page(browser: playwright.Browser, live: Live, watch: Watch) -> Iterator[playwright.Page]:
    """A page. At the end its console must be empty, and nobody but the server was asked."""
    context = browser.new_context(
        base_url=live.base, viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    context.on("page", watch)
    made = context.new_page()
    yield made
    context.close()
    assert watch.said == []
    assert [url for url in watch.asked if not url.startswith(f"{live.base}/")] == []
    assert watch.asked
