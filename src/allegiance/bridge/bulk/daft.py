"""Daft as an engine: its native runner on the cores of this machine, or its Ray runner on a cluster.

Each worker is a process that is given one order at a time and ends with the work. The function is synchronous: in
Daft 0.7 an asynchronous one fails on a partition without rows. Both libraries would tell their makers that they are
used; they are told not to before they are imported.
"""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from allegiance.bridge.needs import need
from allegiance.corpus.bulk import Lost, obey
from allegiance.errors import RunError, UsageError

QUIET = {
    "DO_NOT_TRACK": "true",
    "DAFT_ANALYTICS_ENABLED": "0",
    "DAFT_PROGRESS_BAR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Environment under which Daft and Ray are loaded: no telemetry, no progress bars of their own."""
PREFIX = "ray://"
_CLIENT_PORT = 10001
_PATIENCE = 10.0
"""Seconds that the head of a cluster may take to answer."""
_LOST = ("udf process", "actor", "worker", "connection", "broken pipe", "eof")
"""Words of an error by which a worker is known to have ended; Daft has no kind of error for that."""


class Daft:
    """Daft's native runner: one process for each core of this machine."""

    name = "daft"

    def __init__(self, workers: int | None = None) -> None:
        """Nothing is started yet.

        Args:
            workers: How many processes; None for one for each core.

        Raises:
            MissingExtra: Daft is not installed.
        """
        need("daft", "daft", "cluster")
        os.environ.update(QUIET)
        self._workers = workers

    def map(self, function: str, shared: bytes, orders: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        """As `Engine.map`."""
        if not orders:
            return
        with _quietly():
            import daft  # noqa: PLC0415

            self._begin(daft)
            frame = daft.from_pydict({"number": list(range(len(orders))), "order": list(orders)})
            work = _work(min(self._count(), len(orders)))(function, shared)
            told = self._parted(frame, len(orders)).select("number", work(daft.col("order")).alias("answer"))
            yield from _rows(told)

    def _begin(self, daft: Any) -> None:
        _use(daft, "native", daft.set_runner_native)

    def _count(self) -> int:
        return self._workers or len(os.sched_getaffinity(0))

    def _parted(self, frame: Any, _orders: int) -> Any:
        return frame


class DaftOnRay(Daft):
    """Daft's Ray runner, on a cluster that runs already, and of which this machine is a part."""

    def __init__(self, address: str, workers: int | None = None) -> None:
        """Nothing is connected yet.

        Args:
            address: ``ray://HOST:PORT``, with the port at which the head of the cluster was started.
            workers: How many processes over all machines; None for one for each core of the cluster.

        Raises:
            UsageError: It is no such address.
            MissingExtra: Daft or Ray is not installed.
        """
        super().__init__(workers)
        need("ray", "ray", "cluster")
        self.name, self._address = address, _host_and_port(address)

    def _begin(self, daft: Any) -> None:
        import ray  # noqa: PLC0415

        if not ray.is_initialized():
            try:
                _knock(self._address)  # Ray itself would try for minutes
                ray.init(address=self._address, log_to_driver=False, logging_level=logging.ERROR)
            except (OSError, RuntimeError, ValueError) as error:
                raise RunError(
                    f"this cluster cannot be reached: {' '.join(str(error).split())[:300]}.",
                    where=self.name,
                    next="Start it with `ray start --head --port 6379`, and join this machine with `ray start "
                    "--address HOST:6379`.",
                ) from None
        _use(daft, "ray", lambda: daft.set_runner_ray(noop_if_initialized=True))

    def _count(self) -> int:
        import ray  # noqa: PLC0415

        there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        return self._workers or max(1, int(there.get("CPU", 1)))

    def _parted(self, frame: Any, orders: int) -> Any:
        return frame.into_partitions(orders)


def _host_and_port(address: str) -> str:
    host, colon, port = address.removeprefix(PREFIX).rpartition(":")
    if not address.startswith(PREFIX) or not host or not colon or not port.isdigit():
        raise UsageError(f"{address!r} is not the address of a cluster.", next="Write it like ray://10.0.0.1:6379")
    if int(port) == _CLIENT_PORT:
        raise UsageError(
            f"{port} is the port of the Ray client, which is not used here.",
            next="Give the port of the head, 6379 unless it was started with another, on a machine of the cluster.",
        )
    return f"{host}:{port}"


def _knock(address: str) -> None:
    """Raises OSError if nothing listens at ``HOST:PORT``."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), timeout=_PATIENCE).close()


def _use(daft: Any, kind: str, start: Any) -> None:
    """Start a runner; Daft has one for the life of a process."""
    from daft.runners import _get_runner  # noqa: PLC0415

    runner: Any = _get_runner()
    if runner is None:
        start()
    elif runner.name != kind:
        raise UsageError(
            f"Daft runs on {runner.name!r} in this process and cannot change.", next="Use a process of its own."
        )


def _work(workers: int) -> Any:
    """The class of Daft whose instances, one a process, obey orders."""
    import daft  # noqa: PLC0415

    class Obeying:
        def __init__(self, function: str, shared: bytes) -> None:
            self._function, self._shared = function, shared

        @daft.method.batch(return_dtype=daft.DataType.binary(), batch_size=1)
        def __call__(self, orders: Any) -> list[bytes]:
            return [obey(self._function, self._shared, order) for order in orders.to_pylist()]

    return daft.cls(Obeying, max_concurrency=workers, use_process=True)


def _rows(told: Any) -> Iterator[tuple[int, bytes]]:
    try:
        for row in told.iter_rows():
            yield row["number"], row["answer"]
    except GeneratorExit:
        raise
    except Exception as error:
        if any(word in f"{type(error).__name__} {error}".lower() for word in _LOST):
            raise Lost(" ".join(str(error).split())[:200]) from error
        raise


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what these libraries say to nobody in particular; errors come as exceptions."""
    loggers = [logging.getLogger(name) for name in ("daft", "daft_local_execution", "ray")]
    before = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(daft|ray)\b")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.setLevel(level)
