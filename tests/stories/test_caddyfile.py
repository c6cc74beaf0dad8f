"""The Caddyfile of `deploy`, before a real server: paths as they came, who asks by Caddy's word alone, no figures."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.house.tree import words
from tests.support.processes import Process, answers, clean_environ, free_port, until

CADDY = shutil.which("caddy")
pytestmark = [pytest.mark.processes, pytest.mark.skipif(CADDY is None, reason="caddy is not installed")]


@contextmanager
def caddy(folder: Path, address: str, upstream: str) -> Iterator[None]:
    """Caddy at an address with our Caddyfile, before somebody."""
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + words("deploy/Caddyfile"), "utf-8")
    environ = clean_environ() | {"FEDIMARK_BASE_URL": address, "FEDIMARK_UPSTREAM": upstream, "HOME": str(folder)}
    command = [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
        try:
            until(lambda: answers(int(address.rpartition(":")[2])))
            yield
        finally:
            running.terminate()
            running.wait(timeout=30)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of Caddy before a server that trusts it."""
    folder, address = tmp_path_factory.mktemp("front"), f"http://127.0.0.1:{free_port()}"
    with (
        Process(folder / "server", {"FEDIMARK_BASE_URL": address}) as server,
        caddy(folder, address, server.host),
    ):
        yield address


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked, as it came."""

    def do_GET(self) -> None:
        """The request line and the headers."""
        body = f"{self.requestline}\n{self.headers}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def echoed(tmp_path: Path) -> Iterator[str]:
    """The address of Caddy before somebody who answers with what arrives."""
    address = f"http://127.0.0.1:{free_port()}"
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=upstream.serve_forever, daemon=True)
    thread.start()
    try:
        with caddy(tmp_path, address, f"127.0.0.1:{upstream.server_port}"):
            yield address
    finally:
        upstream.shutdown()
        upstream.server_close()


def test_caddy_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    environ = clean_environ() | {"FEDIMARK_BASE_URL": "https://marks.example", "HOME": str(tmp_path)}
    (tmp_path / "Caddyfile").write_text(words("deploy/Caddyfile"), "utf-8")
    command = [str(CADDY), "validate", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]

    answer = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr[-1000:]


def test_a_path_and_its_host_arrive_as_they_were_sent(echoed: str) -> None:
    host, port = echoed.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(
            f"GET /t/a%2Fb,c%2B%2b?q=%2F HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode()
        )
        said = b"".join(iter(lambda: line.recv(65_536), b"")).decode()

    assert "GET /t/a%2Fb,c%2B%2b?q=%2F HTTP/1.1\n" in said
    assert f"Host: {host}:{port}" in said


def test_who_asks_is_by_caddys_word_alone(echoed: str) -> None:
    said = httpx.get(echoed, headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"}).text.lower()

    assert "x-forwarded-for: 127.0.0.1" in said
    assert "x-forwarded-proto: http\n" in said.replace("\r", "")
    assert "6.6.6.6" not in said


def test_figures_are_not_for_the_world(front: str) -> None:
    assert httpx.get(f"{front}/metrics").status_code == 404
    assert httpx.get(f"{front}/readyz").text == "ready\n"


def test_each_request_gets_a_number_here_whatever_was_brought(front: str) -> None:
    answer = httpx.get(f"{front}/recent", headers={"X-Request-Id": "brought-by-a-stranger"})

    [number] = answer.headers.get_list("x-request-id")
    assert number != "brought-by-a-stranger"
    assert len(number) == 36


def test_pages_are_made_small_on_the_way(front: str) -> None:
    answer = httpx.get(f"{front}/recent", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert "Recent" in answer.text


def test_too_large_a_body_is_refused(front: str) -> None:
    # Without a signature it would be refused for that, before its body has come.
    headers = {"Content-Type": "application/activity+json", "Signature": "of somebody"}
    answer = httpx.post(f"{front}/inbox", content=b"x" * 9_000_000, headers=headers)

    assert answer.status_code == 413
