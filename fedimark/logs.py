"""Event names and how they are written: one line a fact, never a whole body, never a secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TextIO

import structlog

ACCOUNT_MADE = "account.made"
ACCOUNT_LEFT = "account.left"
ACCOUNT_MOVED = "account.moved"
ACCOUNT_KEY_ROTATED = "account.key_rotated"
ACCOUNT_SUSPENDED = "account.suspended"
ACCOUNT_RESTORED = "account.restored"
DOMAIN_BLOCKED = "domain.blocked"
DOMAIN_UNBLOCKED = "domain.unblocked"
TAGS_CHOSEN = "tags.chosen"
KEY_MADE = "key.made"
KEY_REVOKED = "key.revoked"
SIGN_IN_REFUSED = "sign_in.refused"
SAVED_APART = "saves.apart"
LINK_CHECKED = "profile.link_checked"
REPORTED = "report.made"
REPORT_REFUSED = "report.refused"
INBOX_RECEIVED = "inbox.received"
INBOX_REFUSED = "inbox.refused"
INBOX_PROOF_IGNORED = "inbox.proof_ignored"
INBOX_APPLIED = "inbox.applied"
INBOX_POISON = "inbox.poison"
ANNOUNCE_REFUSED = "announce.refused"
HOST_LET_IN = "host.let_in"
TELLING_FAILED = "telling.failed"
DELIVERY_DONE = "delivery.done"
DELIVERY_FAILED = "delivery.failed"
DELIVERY_DEAD = "delivery.dead"
RELAY_ADDED = "relay.added"
RELAY_ANSWERED = "relay.answered"
RELAY_LEFT = "relay.left"
RELAY_PASSED_OVER = "relay.passed_over"
FETCH_REFUSED = "fetch.refused"
FEED_READ = "feed.read"
FEED_FAILED = "feed.failed"
FEED_ENDED = "feed.ended"
REMARK_REFUSED = "remark.refused"
QUOTE_REFUSED = "quote.refused"
PAGE_JOINED = "page.joined"
PAGE_PARTED = "page.parted"
JOB_DONE = "job.done"
JOB_FAILED = "job.failed"
REQUEST_ANSWERED = "request.answered"
REQUEST_FAILED = "request.failed"
REQUEST_CUT_OFF = "request.cut_off"
WORKER_FAILED = "worker.failed"
STORE_FAILED = "store.failed"
SERVING = "server.serving"
SETUP_CODE = "server.setup_code"
SERVER_MUTED = "server.muted"
SERVER_SPEAKS = "server.speaks"

_ODD = re.compile(r"""[\s="']""")

log: structlog.stdlib.BoundLogger = structlog.get_logger("fedimark")

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))


class About:
    """A block whose lines all say some words more: of which request or step they are.

    The library's own way looks through all variables of the context for each line.
    """

    __slots__ = ("_token", "_words")

    def __init__(self, **words: str) -> None:
        self._words = words

    def __enter__(self) -> None:
        self._token: Token[Mapping[str, str]] = _about.set({**_about.get(), **self._words})

    def __exit__(self, *raised: object) -> None:
        _about.reset(self._token)


def about_now() -> Mapping[str, str]:
    """What every line says here beside its own words."""
    return _about.get()


_TOLD = structlog.make_filtering_bound_logger(logging.INFO)


class _Out(structlog.PrintLoggerFactory):
    """Where lines go."""

    def __init__(self, file: TextIO) -> None:
        super().__init__(file)
        self.file = file


def told(event: str, **words: object) -> None:
    """What `log.info` says, for what is said with every request: the library's way is most of its cost."""
    now = structlog.get_config()
    out = now["logger_factory"]
    if not isinstance(out, _Out) or now["wrapper_class"] is not _TOLD or now["processors"][-1] is not plain:
        log.info(event, **words)
        return
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    out.file.write(
        f"{plain(log, 'info', {**_about.get(), **words, 'timestamp': at, 'level': 'info', 'event': event})}\n"
    )
    out.file.flush()


def configure(log_format: str, least: int = logging.INFO) -> None:
    """Write events to standard error, as `text` for people or `json` for machines; none below the level `least`."""
    renderer: structlog.typing.Processor = plain
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    elif sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            _with_about,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=_Out(sys.stderr),
        cache_logger_on_first_use=True,
    )
    vars(log).pop("bind", None)  # else one that was used already stays as it was made then


def _with_about(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {**_about.get(), **event}


def plain(logger: object, method: str, event: structlog.typing.EventDict) -> str:
    """An event as a line for a file: as people read it in a terminal, in a fifth of the time."""
    at, level, name = event.pop("timestamp"), event.pop("level"), event.pop("event")
    told = event.pop("exception", "")
    words = " ".join(f"{key}={_word(event[key])}" for key in sorted(event))
    line = f"{at} [{level:9}] {name:30} {words}".rstrip()
    return f"{line}\n{told}" if told else line


def _word(value: object) -> str:
    return value if isinstance(value, str) and not _ODD.search(value) else repr(value)
