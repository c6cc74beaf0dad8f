"""What says that PostgreSQL went away."""

from __future__ import annotations

import socket


def is_gone(error: BaseException) -> bool:
    """Whether PostgreSQL went away, or is not there yet; what it says of our SQL reaches us in other words.

    Looking raises it as it is: whoever passes over a FedimarkError, as another server's fault, must not pass over this.
    """
    return isinstance(error, ConnectionError | socket.gaierror) or type(error).__module__.startswith("asyncpg")
