"""The processes that serve, and their sockets: opened here, or handed over by systemd."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Mapping
from socket import socket
from types import FrameType

import uvicorn
from uvicorn.config import Config
from uvicorn.supervisors import Multiprocess

from fedimark.logs import SERVING, log
from fedimark.serving.protocol import BoundedProtocol
from fedimark.settings import Settings

_KEEP_ALIVE_S = 30
_HANDED_OVER = 3  # the first of the sockets that systemd hands over (sd_listen_fds(3))


def serve(settings: Settings, host: str, port: int, *, workers: int, works: bool, environ: Mapping[str, str]) -> None:
    """Serve until a signal ends it; `works` runs the worker beside. Returns when everything begun is finished.

    On sockets that systemd hands over, where it does, else on `host` and `port`. `environ` is what the serving
    processes read their settings from, beside this one's environment. Ends the process with a message when the port is
    taken.
    """
    os.environ.update(environ)
    config = Config(
        "fedimark.app:serve_and_work_app" if works else "fedimark.app:serve_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application reads them: it must know who brought them
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_s),
    )
    listening = handed_over(os.environ) or [_bound(config)]
    log.info(SERVING, address=_address(listening[0]), base_url=settings.base_url, workers=workers)
    # uvicorn raises the signal that ended it once more, when all is done: that is no failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _done)
    if workers > 1:
        _Processes(config, sockets=listening).run()
        return
    server = uvicorn.Server(config)
    server.run(sockets=listening)
    if not server.started:
        raise SystemExit(1)


def handed_over(environ: Mapping[str, str]) -> list[socket]:
    """The listening sockets that systemd opened for this process, of its family as they are; none where it did not."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    return [socket(fileno=_HANDED_OVER + number) for number in range(int(environ.get("LISTEN_FDS", "0")))]


def _address(listening: socket) -> str:
    name = listening.getsockname()
    return f"http://{name[0]}:{name[1]}" if isinstance(name, tuple) else f"unix:{name}"


def _done(number: int, frame: FrameType | None) -> None:
    """Nothing is left to do."""


class _Processes(Multiprocess):
    """Several processes on the same sockets, ended together: by a second signal at once."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)

    def terminate_all(self) -> None:
        """Let every process finish what it began; who comes now is refused, or waits where systemd holds the socket."""
        for listening in self.sockets:
            listening.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._kill)
        super().terminate_all()

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.should_exit.set()

    def _kill(self, number: int, frame: FrameType | None) -> None:
        for each in self.processes:
            each.process.kill()
        os._exit(128 + number)


def _bound(config: Config) -> socket:
    try:
        return config.bind_socket()
    except SystemExit:  # uvicorn has said why, and would end with 3
        raise SystemExit(1) from None
