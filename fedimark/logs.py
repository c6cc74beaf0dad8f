"""Event names and how they are written: one line a fact, never a whole body, never a secret."""

from __future__ import annotations

import logging
import sys

import structlog

ACCOUNT_MADE = "account.made"
ACCOUNT_LEFT = "account.left"
ACCOUNT_MOVED = "account.moved"
ACCOUNT_KEY_ROTATED = "account.key_rotated"
ACCOUNT_SUSPENDED = "account.suspended"
ACCOUNT_RESTORED = "account.restored"
DOMAIN_BLOCKED = "domain.blocked"
DOMAIN_UNBLOCKED = "domain.unblocked"
KEY_MADE = "key.made"
KEY_REVOKED = "key.revoked"
SIGN_IN_REFUSED = "sign_in.refused"
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
WORKER_FAILED = "worker.failed"
STORE_FAILED = "store.failed"
SERVING = "server.serving"
SETUP_CODE = "server.setup_code"
SERVER_MUTED = "server.muted"
SERVER_SPEAKS = "server.speaks"

log: structlog.stdlib.BoundLogger = structlog.get_logger("fedimark")


def configure(log_format: str) -> None:
    """Write events to standard error, as `text` for people or `json` for machines."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,  # the request or the step that a line is of
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
