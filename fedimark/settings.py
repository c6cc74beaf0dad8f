"""Settings: read once from `FEDIMARK_*` or a TOML file, checked at start, passed in; no other file reads them."""

from __future__ import annotations

import ipaddress
import math
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from fedimark.language.catalogue import LOCALES

REGISTRATION = ("open", "invite", "closed")

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
_RATE = re.compile(r"[1-9][0-9]*/([1-9][0-9]*)?(second|minute|hour|day)s?", re.ASCII)


@lru_cache(maxsize=64)  # each letter is compared with it
def _host_of(base_url: str) -> str:
    return urlsplit(base_url).netloc


class BadSettings(ValueError):
    """A setting that cannot be meant; the message names it and says what would do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an admin decides. Names end in their unit; sizes are bytes."""

    base_url: str = "http://127.0.0.1:8000"  # where people and servers reach this one; frozen at first start
    handle_domain: str = ""  # the part after the @; empty: the base URL's host
    database_url: str = ""  # sqlite:///path or postgres://…; empty: fedimark.sqlite3 in the data directory
    database_direct_url: str = ""  # PostgreSQL past a pooler, for migrations and locks; empty: database_url
    database_connections: int = 10  # of each process to PostgreSQL at most; a worker holds one more, past a pooler
    database_pooled: bool = False  # database_url leads through PgBouncer in transaction mode: nothing is prepared
    data_dir: str = "var"  # database, avatars, uploads under way, locks
    allow_loopback: bool = False  # plain http and this machine's own addresses: for trying things out
    registration: str = ""  # open, invite or closed; empty: what the admin chose, closed at first
    trusted_proxies: str = "127.0.0.1"  # whose X-Forwarded-For and -Proto are believed
    language: str = "en"  # en, de or ja: what pages are in where neither a person nor a browser asks for one of these
    page_size: int = 20  # entries a page
    body_limit_bytes: int = 1_048_576  # a form or an activity
    import_limit_bytes: int = 52_428_800  # a file of bookmarks
    avatar_limit_bytes: int = 4_194_304
    asset_limit_bytes: int = 33_554_432  # a file kept with a bookmark
    assets_limit_bytes: int = 1_073_741_824  # all of one person's
    fetch_limit_bytes: int = 1_048_576  # what is read of another server's answer
    fetch_connect_s: float = 5.0
    fetch_total_s: float = 10.0
    delivery_total_s: float = 20.0
    shutdown_s: float = 20.0  # what was begun is finished within, when a process is told to end
    undo_s: int = 30  # how long a removed bookmark can come back
    follows_an_hour_per_host: int = 200  # new followers from one server; more wait for a person
    follows_an_hour_per_domain: int = 2_000  # the same, from all servers of one registrable domain
    actor_fetches_a_minute_per_host: int = 600  # of actors and keys, because of what others send
    stream_fetches_a_minute_per_host: int = 30  # of what streams and people announce, with its authors
    read_pages: bool = True  # whether pages saved publicly are asked for their titles and other addresses
    announcements_a_minute_per_actor: int = 120  # that one stream or person elsewhere is heard with; the rest wait
    paced_after_bookmarks: int = 20  # new ones of one person that others hear of at once; the rest one a minute
    paced_window_s: int = 600  # within which they are counted
    session_days: int = 90  # a session unused for so long ends
    sign_in_tries: str = "10/15minutes"  # per account and per address
    api_calls: str = "600/minute"  # of one person's programs, all together
    log_format: str = "text"  # text or json
    access_log: bool = True  # a line for each request, but for those to inboxes that are taken in
    websub_hub: str = ""  # a hub that public feeds name; it must look at them by itself, for nothing is told to it
    otel_endpoint: str = ""  # where spans go, OTLP over HTTP: http://127.0.0.1:4318/v1/traces; needs the extra otel
    metrics_token: str = ""  # who brings it as a Bearer may read /metrics; others only from this machine

    @property
    def host(self) -> str:
        """Host and port of the base URL, as in a Host header and in `ana@host:port`."""
        return _host_of(self.base_url)

    @property
    def handles_at(self) -> str:
        """What stands after the @ in handles of this server."""
        return self.handle_domain or self.host

    @property
    def is_https(self) -> bool:
        """Whether cookies may be Secure."""
        return self.base_url.startswith("https://")

    @property
    def is_loopback(self) -> bool:
        """Whether the base URL names this machine only."""
        name = urlsplit(self.base_url).hostname or ""
        if name == "localhost":
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    @property
    def database(self) -> str:
        """The database's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{Path(self.data_dir).absolute() / 'fedimark.sqlite3'}"

    @property
    def is_sqlite(self) -> bool:
        """Which of the two dialects."""
        return self.database.startswith("sqlite:")

    @property
    def sqlite_path(self) -> Path:
        """The database file, when it is SQLite."""
        return Path(self.database.removeprefix("sqlite://"))


def read(environ: Mapping[str, str], **overrides: object) -> Settings:
    """Read settings: defaults, then the TOML file `FEDIMARK_CONFIG` names, then `FEDIMARK_*`, then `overrides`.

    Raises BadSettings with the name of the first setting that cannot be meant; unknown names are refused too, so a
    slip of the pen does not pass in silence.
    """
    known = {f.name: f for f in fields(Settings)}
    values: dict[str, object] = {}
    if path := environ.get("FEDIMARK_CONFIG"):
        values |= _from_toml(Path(path), known)
    for name, text in environ.items():
        # FEDIMARK_TEST_* belong to the test suite.
        if not name.startswith("FEDIMARK_") or name.startswith("FEDIMARK_TEST_") or name in _NOT_SETTINGS:
            continue
        key = name.removeprefix("FEDIMARK_").lower()
        if key not in known:
            raise BadSettings(f"{name} is not a setting of fedimark")
        values[key] = text
    values |= {k: v for k, v in overrides.items() if v is not None}
    return _check(Settings(**{k: _typed(k, v, known[k].type) for k, v in values.items()}))  # type: ignore[arg-type]


_NOT_SETTINGS = {"FEDIMARK_CONFIG", "FEDIMARK_SHARED_DATA"}


def from_process() -> Settings:
    """The settings of this process's environment."""
    return read(os.environ)


def _from_toml(path: Path, known: Mapping[str, object]) -> dict[str, object]:
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSettings(f"FEDIMARK_CONFIG: {path} can’t be read as TOML ({type(error).__name__})") from error
    for key in document:
        if key not in known:
            raise BadSettings(f"{path}: {key} is not a setting of fedimark")
    return document


def _typed(name: str, value: object, kind: object) -> object:
    try:
        if kind == "bool":
            if isinstance(value, bool):
                return value
            return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False,
                    "off": False, "": False}[str(value).lower()]  # fmt: skip
        if kind == "int":
            return int(str(value))
        if kind == "float":
            return float(str(value))
    except (KeyError, ValueError):
        raise BadSettings(f"{name} = {value!r} is not a {kind}") from None
    return str(value)


def _check(settings: Settings) -> Settings:
    if not _leads_to_a_host(settings.base_url):
        raise BadSettings("base_url must look like https://marks.example, with nothing after the host")
    base = urlsplit(settings.base_url)
    if base.path not in ("", "/") or "@" in base.netloc or settings.base_url != settings.base_url.strip():
        raise BadSettings("base_url must be a host alone: fedimark lives at the root of its host")
    if base.scheme == "http" and not settings.is_loopback:
        raise BadSettings("base_url must begin with https:// (plain http only for addresses of this machine)")
    if settings.handle_domain and not _HOST.fullmatch(settings.handle_domain):
        raise BadSettings("handle_domain must be a host alone, like marks.example")
    if settings.registration not in ("", *REGISTRATION):
        raise BadSettings(f"registration must be one of {', '.join(REGISTRATION)}")
    if settings.database_url and not settings.database_url.startswith(("sqlite:///", "postgres://", "postgresql://")):
        raise BadSettings("database_url must begin with sqlite:/// or postgres://")
    for name in ("sign_in_tries", "api_calls"):
        if not _RATE.fullmatch(getattr(settings, name)):
            raise BadSettings(f"{name} must look like 10/15minutes")
    if settings.database_url.startswith("sqlite:") and settings.sqlite_path.name in ("", "."):
        raise BadSettings("database_url must name a file: sqlite:///srv/fedimark/fedimark.sqlite3")
    if settings.websub_hub and not _leads_to_a_page(settings.websub_hub):
        raise BadSettings("websub_hub must be an address that begins with https://")
    if settings.metrics_token and len(settings.metrics_token) < 16:
        raise BadSettings("metrics_token must have 16 characters or more: openssl rand -hex 32 makes a good one")
    if settings.language not in LOCALES:
        raise BadSettings(f"language must be one of {', '.join(LOCALES)}")
    if settings.log_format not in ("text", "json"):
        raise BadSettings("log_format must be text or json")
    for f in fields(Settings):
        if f.type in ("int", "float") and not 0 < getattr(settings, f.name) < math.inf:
            raise BadSettings(f"{f.name} must be more than nothing")
    return _normal(settings)


def _leads_to_a_host(url: str) -> bool:
    """Whether a URL can be asked at all: it is written down at the first start, so a slip of the pen would stay."""
    try:
        base = urlsplit(url)
        has_port = base.port != 0
    except ValueError:  # brackets around no address, a port that is no number
        return False
    host = _HOST.fullmatch(base.netloc.rpartition("@")[2])
    return base.scheme in ("http", "https") and has_port and host is not None and not base.query + base.fragment


def _leads_to_a_page(url: str) -> bool:
    return url.startswith("https://") and url.isprintable() and not any(one in url for one in ' "<>')


def _normal(settings: Settings) -> Settings:
    base = urlsplit(settings.base_url)
    host = base.netloc.lower()
    default = {"http": ":80", "https": ":443"}[base.scheme]
    url = f"{base.scheme}://{host.removesuffix(default)}"
    values = {f.name: getattr(settings, f.name) for f in fields(Settings)}
    return Settings(**{**values, "base_url": url, "handle_domain": settings.handle_domain.lower()})
