"""An application that answers the same bytes to everybody, served exactly as fedimark is: what the wire alone costs."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

from fedimark.serving.protocol import BoundedProtocol


def answering(size: int, status: int) -> Any:
    """An ASGI application that reads a request and answers with `size` bytes."""
    body = b"x" * size
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(size).encode())]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def main() -> None:
    """Serve on a port, with answers of a size and a status, until told to end."""
    port, size, status = map(int, sys.argv[1:])
    uvicorn.run(
        answering(size, status),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
