"""The verb that serves the workbench."""

from __future__ import annotations

from pathlib import Path

import click

from allegiance.cli.options import json_option, open_study, reader_option, study_option
from allegiance.cli.output import emit
from allegiance.errors import UsageError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command()
@click.option("--port", default=7575, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="An address of this machine alone.")
@reader_option
@study_option
@json_option
def serve(port: int, host: str, reader: str, folder: Path, as_json: bool) -> None:
    """Serve the workbench of a study to a browser on this machine: read, search, draw, label, cite, claim.

    It has one user, so it listens on this machine alone and refuses any other address. The address is printed once
    it listens.

    \b
    Example:
      allegiance serve --study care
    """
    if host not in LOOPBACK:
        raise UsageError(
            f"{host} can be reached by others, and this server does not ask who they are.",
            where="--host",
            next="Leave --host out. To read from another machine, use a tunnel: ssh -L 7575:127.0.0.1:7575 HOST",
        )
    study = open_study(folder)
    import os
    import socket

    from allegiance.corpus.needs import need

    for module in ("starlette", "uvicorn"):
        need(module, "web")
    import uvicorn

    from allegiance.web.app import create

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise UsageError(f"port {port} cannot be had: {error.strerror}.", next="Say --port 0.") from None
        port = listening.getsockname()[1]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        emit(as_json, {"address": address, "pid": os.getpid()}, f"{address}   Ctrl-C ends it.")
        settings = uvicorn.Config(
            create(study, reader, host=host, port=port), log_level="warning", server_header=False,
            proxy_headers=False, access_log=False,
        )  # fmt: skip
        uvicorn.Server(settings).run(sockets=[listening])


VERBS = (serve,)
