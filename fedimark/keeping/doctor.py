"""Whether all is well with a server, running or not: a line for each thing looked at, and what to do."""

from __future__ import annotations

import fcntl
import ipaddress
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from statistics import median_low
from urllib.parse import urlsplit

from fedimark.database import Database, fetch_one
from fedimark.database.whole import snapshot, steps
from fedimark.errors import FedimarkError
from fedimark.here import MICROS, here, now
from fedimark.jobs import holders
from fedimark.keeping import place
from fedimark.policy import muted
from fedimark.remote import clocks, ourselves
from fedimark.settings import Settings

_GIGABYTE = 1_000_000_000
_HOUR = 3_600 * MICROS
_SKEW = 5 * MICROS
_SKEW_ELSEWHERE = 30 * MICROS  # answers take their time, and others' clocks are not ours to judge
_DAYS_LEFT = 14
_QUEUES = """
SELECT (SELECT count(*) FROM delivery WHERE dead_at IS NULL) AS letters,
    (SELECT min(created_at) FROM delivery WHERE dead_at IS NULL AND paced_until IS NULL AND tries = 0) AS untried,
    (SELECT count(*) FROM delivery WHERE dead_at IS NOT NULL) AS dead,
    (SELECT count(*) FROM peer WHERE fails > 0) AS hosts,
    (SELECT count(*) FROM received_activity WHERE applied_at IS NULL) AS received,
    (SELECT min(received_at) FROM received_activity WHERE applied_at IS NULL AND tries = 0) AS unapplied,
    (SELECT count(*) FROM received_activity
        WHERE outcome >= 'poison' AND outcome < 'poisoo' AND applied_at IS NOT NULL) AS poison,
    (SELECT count(*) FROM telling WHERE set_aside_at IS NOT NULL) AS untold,
    (SELECT count(*) FROM job WHERE state = 'failed') AS failed
"""
_CLOCK = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS at"
_VERSION = "SELECT CAST(current_setting('server_version_num') AS INTEGER) AS number"
_OLDEST_POSTGRES = 130_000


class Verdict(StrEnum):
    """How it stands with one thing."""

    OK = "ok"
    LOOK = "look"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in a line for people; it holds no secret."""

    verdict: Verdict
    about: str
    words: str


def ok(about: str, words: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, about, words)


def look(about: str, words: str) -> Finding:
    """Somebody should have a look."""
    return Finding(Verdict.LOOK, about, words)


def wrong(about: str, words: str) -> Finding:
    """Something must be done."""
    return Finding(Verdict.WRONG, about, words)


async def of_machine(settings: Settings) -> AsyncIterator[Finding]:
    """The data directory and its disk, without the database."""
    folder = Path(settings.data_dir)
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".doctor-"):
            pass
        yield ok("data directory", f"{folder} can be written" if folder.exists() else f"{folder} is made at the start")
    except OSError as error:
        yield wrong("data directory", f"{there} cannot be written ({error.strerror}): give it to who runs fedimark")
    free = shutil.disk_usage(there).free
    words = f"{free / _GIGABYTE:.1f} GB are free"
    if free < _GIGABYTE / 10:
        yield wrong("disk", f"only {words}: nothing can be saved soon")
    else:
        yield look("disk", f"{words}: make room") if free < _GIGABYTE else ok("disk", words)


async def of_database(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the database answers, is whole, and is up to date; reads alone."""
    if settings.is_sqlite and not settings.sqlite_path.exists():
        yield look("database", f"there is no {settings.sqlite_path} yet: the first start makes it")
        return
    try:
        async with snapshot(settings) as source:
            done = await source.migrations()
        database = await Database(settings).open()
    except (FedimarkError, OSError) as error:
        yield wrong("database", f"{error} Is it running, and is FEDIMARK_DATABASE_URL right?")
        return
    token = database.enter()
    try:
        if settings.is_sqlite:
            yield await _quick_check()
        else:
            yield await _postgres()
        missing = [step for step in steps() if step not in done]
        if done != steps()[: len(done)]:
            yield wrong("schema", "made by a newer version of fedimark: install that one")
        elif missing:
            yield look("schema", f"{len(missing)} steps are to be made: `fedimark migrate`, or the next start")
        else:
            yield ok("schema", "up to date")
    finally:
        database.leave(token)
        await database.close()


async def of_server(settings: Settings) -> AsyncIterator[Finding]:
    """What the rows say: whose server it is, whether it speaks, what waits. Inside it, with its database up to date."""
    known = {name: await _fact(name) for name in ("base_url", place.MOVED_TO, place.ARRIVING)}
    if known["base_url"] is None:
        yield look("base URL", "no server has started on this database yet")
    elif known["base_url"] != settings.base_url:
        yield wrong("base URL", f"it was first started as {known['base_url']}: set FEDIMARK_BASE_URL to that")
    if known[place.MOVED_TO]:
        yield wrong("database", f"moved to {known[place.MOVED_TO]}: set FEDIMARK_DATABASE_URL to that")
    if known[place.ARRIVING]:
        yield wrong("database", "rows are still being moved into it: run `fedimark move-to` again")
    silence = await muted.muted()
    if silence:
        yield look("speaking", f"muted: {muted.words_of(silence.why)}. See `fedimark resume`")
    else:
        yield ok("speaking", "not muted")
    async for finding in _queues():
        yield finding
    yield await _worker(settings)


async def of_address(settings: Settings) -> AsyncIterator[Finding]:
    """The base URL as others find it: its name, its certificate, its proxy."""
    base = urlsplit(settings.base_url)
    host, port = base.hostname or "", base.port or (443 if base.scheme == "https" else 80)
    if settings.is_loopback:
        yield look("base URL", f"{settings.base_url} is this machine alone: nobody elsewhere reaches it")
    else:
        try:
            found = await ourselves.names_of(host)
        except OSError:
            yield wrong("DNS", f"{host} leads nowhere: add its A and AAAA records")
            return
        private = [each for each in found if not ipaddress.ip_address(each.partition("%")[0]).is_global]
        yield (
            look("DNS", f"{host} leads to {', '.join(private)} from here, which others do not reach")
            if private
            else ok("DNS", f"{host} is {', '.join(found)}")
        )
        yield await _certificate(host, port)
    async for finding in _proxy():
        yield finding
    async for finding in _passed_on():
        yield finding


async def of_others() -> AsyncIterator[Finding]:
    """The clock by the word of other servers, which refuse what is signed too early or too late; asks up to three."""
    if await muted.is_muted():
        return
    said = await clocks.of_others()
    if said:
        # One of them may be wrong itself.
        yield _clock(
            "clock elsewhere", median_low(said.values()), f"other servers ({', '.join(said)})", _SKEW_ELSEWHERE
        )


async def _proxy() -> AsyncIterator[Finding]:
    answer = await ourselves.ask("/nodeinfo/2.1")
    if isinstance(answer, str):
        yield look("answers", f"{answer}: is it running, and may this machine reach its own address?")
        return
    if answer.status != 200 or b'"fedimark"' not in answer.body:
        yield wrong("answers", f"something else answers at the base URL ({answer.status}): look at the proxy")
        return
    yield ok("answers", "fedimark answers at its base URL")
    if answer.date is not None:
        yield _clock("clock", answer.date, "what answers at the base URL")
    kept = await ourselves.ask("/t/A%2FB")
    if not isinstance(kept, str) and kept.status in (301, 302, 307, 308) and kept.location.endswith("/t/a%2Fb"):
        yield ok("proxy", "%2F arrives as it was sent")
    else:
        yield wrong("proxy", "%2F does not arrive as it was sent: let the proxy pass the path on without decoding it")


async def _passed_on() -> AsyncIterator[Finding]:
    """What the server saw of a request of ours, when a proxy had passed it on."""
    settings, answer = here().settings, await ourselves.ask("/healthz?seen")
    seen = [] if isinstance(answer, str) else answer.body.decode("utf-8", "replace").split()
    if len(seen) != 4:
        return
    _, scheme, host, client = seen
    base = urlsplit(settings.base_url)
    if scheme != base.scheme:
        yield wrong(
            "proxy",
            f"{scheme} arrives for {base.scheme}: let it set X-Forwarded-Proto, and name its address in "
            "FEDIMARK_TRUSTED_PROXIES",
        )
    if host.lower() != base.netloc:
        yield wrong("proxy", f"Host arrives as {host}: let the proxy pass it on as it came")
    if not settings.is_loopback and client in settings.trusted_proxies.replace(",", " ").split():
        yield look("proxy", f"a request from here arrives as one of {client}: see that it sets X-Forwarded-For")


async def _certificate(host: str, port: int) -> Finding:
    try:
        left = (await ourselves.certificate_ends(host, port) - datetime.now(UTC)).days
    except (OSError, TimeoutError) as error:
        return wrong("TLS", f"no certificate that holds for {host} ({type(error).__name__}): look at the proxy")
    return (look if left < _DAYS_LEFT else ok)("TLS", f"the certificate ends in {left} days")


async def _quick_check() -> Finding:
    row = await fetch_one("SELECT quick_check AS said FROM pragma_quick_check(1)")
    said = row["said"] if row else "nothing"
    if said != "ok":
        return wrong("database", f"damaged ({str(said)[:100]}): stop, keep a copy of the file, and restore a backup")
    return ok("database", "SQLite, whole")


async def _postgres() -> Finding:
    row = await fetch_one(_VERSION)
    number = int(row["number"]) if row else 0
    if number < _OLDEST_POSTGRES:
        return wrong("database", f"PostgreSQL {number // 10_000} is too old: 13 or newer")
    clock = await fetch_one(_CLOCK)
    apart = _clock("clock", int(clock["at"]) if clock else 0, "the database")
    return ok("database", f"PostgreSQL {number // 10_000}") if apart.verdict is Verdict.OK else apart


def _clock(about: str, other: int, whose: str, most: int = _SKEW) -> Finding:
    apart = abs(other - now())
    if apart > most:
        return wrong(about, f"{apart // MICROS} s apart from {whose}: set up NTP, or signatures will be refused")
    return ok(about, f"agrees with {whose}")


async def _queues() -> AsyncIterator[Finding]:
    row = await fetch_one(_QUEUES)
    assert row is not None
    for about, amount, oldest in (
        ("deliveries", row["letters"], row["untried"]),
        ("received", row["received"], row["unapplied"]),
    ):
        late = oldest is not None and now() - oldest > _HOUR
        yield (look if late else ok)(about, f"{amount} wait" + (", some untried for over an hour" if late else ""))
    for about, amount, words in (
        ("set aside", row["poison"] + row["untold"], "could not be applied or told: see the moderation pages"),
        ("jobs", row["failed"], "failed: see the log"),
        ("hosts", row["hosts"], "servers are in trouble: their letters are tried again"),
    ):
        if amount:
            yield look(about, f"{amount} {words}")
    if row["dead"]:
        yield ok("dead letters", f"{row['dead']} never arrive; they go after 30 days")


async def _worker(settings: Settings) -> Finding:
    if settings.is_sqlite:
        lives = int(_is_locked(Path(settings.data_dir) / "worker.lock"))
    else:
        lives = len(await holders.living())
    if not lives:
        return look("worker", "none runs: nothing is sent or applied until `fedimark serve` or `fedimark worker` does")
    return ok("worker", f"{lives} at work")


def _is_locked(file: Path) -> bool:
    try:
        handle = os.open(file, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


async def _fact(name: str) -> str | None:
    row = await fetch_one("SELECT value FROM fact WHERE name = ?", name)
    return str(row["value"]) if row else None
