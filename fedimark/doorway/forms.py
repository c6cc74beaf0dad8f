"""Forms, read strictly: limited in size and number of fields, UTF-8 and nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from fedimark.errors import Malformed, TooLarge, WrongType
from fedimark.here import here
from fedimark.language.said import _

MOST_FIELDS: Final = 100
MOST_FILES: Final = 4

_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2}){1,64}+")


@dataclass(frozen=True, slots=True)
class SentForm(Mapping[str, str]):
    """A form as it was sent: its texts as a mapping (of a field sent twice the last), and its files.

    `hollow` are the names of fields whose file was chosen and holds nothing.
    """

    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uploads: Mapping[str, UploadFile] = field(default_factory=dict)
    hollow: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> str:
        """A field's text; raises KeyError when it was not sent."""
        return self.texts[name][-1]

    def __iter__(self) -> Iterator[str]:
        """The names of the text fields."""
        return iter(self.texts)

    def __len__(self) -> int:
        """How many text fields were sent."""
        return len(self.texts)

    def text(self, name: str) -> str:
        """A field's text, empty when it was not sent."""
        return self.get(name, "")

    def every(self, name: str) -> tuple[str, ...]:
        """All texts of a field that may be sent many times."""
        return self.texts.get(name, ())

    async def read_upload(self, name: str, limit: int) -> bytes:
        """The bytes of a file, empty when none was chosen. Raises TooLarge for more than `limit` bytes."""
        upload = self.uploads.get(name)
        if upload is None:
            return b""
        try:
            if (upload.size or 0) > limit:
                raise TooLarge(field=name)
            return await upload.read()
        finally:
            await upload.close()


class _WholeParser(MultiPartParser):
    """Starlette's parser, which also knows whether it saw the end: it takes half a form for a whole one."""

    ended = False

    def on_end(self) -> None:
        self.ended = True


async def read_form(request: Request, limit: int = 0) -> SentForm:
    """Read a form of at most `limit` bytes in all (0: settings.body_limit_bytes) and 100 fields.

    Files larger than 1 MB wait on disk; close those you take from `uploads`.
    Raises WrongType, TooLarge (counted as it streams, whatever Content-Length says) or Malformed.
    """
    limit = limit or here().settings.body_limit_bytes
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told[:20]) > limit:
        raise _too_large(limit)
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind not in (b"", b"application/x-www-form-urlencoded", b"multipart/form-data"):
        raise WrongType("Send a form here.")
    if options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        raise Malformed("A form must be in UTF-8.")
    async with aclosing(_limited(request, limit)) as stream:
        if kind == b"multipart/form-data":
            return await _read_multipart(options.get(b"boundary", b""), stream, limit)
        body = b"".join([chunk async for chunk in stream])
    if body and not kind:
        raise WrongType("Send a form here.")
    return SentForm(_gathered(_read_urlencoded(body)))


def _read_urlencoded(body: bytes) -> list[tuple[str, str]]:
    """As `parse_qsl` reads it, which looks at each `%` by itself: a megabyte of them held up everybody for a second."""
    if body.count(b"&") >= MOST_FIELDS:
        raise Malformed(_("A form may have at most %(most)s fields.", most=MOST_FIELDS))
    try:
        pairs = [
            (_plain(name), _plain(text))
            for part in body.split(b"&")
            if part
            for name, _eq, text in [part.partition(b"=")]
        ]
    except UnicodeDecodeError as error:
        raise Malformed("This form is not in UTF-8.") from error
    return [(_fit(name), _fit(text)) for name, text in pairs]


def _plain(escaped: bytes) -> str:
    return _ESCAPES.sub(_unescaped, escaped.replace(b"+", b" ")).decode("utf-8")


def _unescaped(run: re.Match[bytes]) -> bytes:
    return bytes.fromhex(run[0].replace(b"%", b"").decode("ascii"))


async def _read_multipart(boundary: bytes, stream: AsyncGenerator[bytes, None], limit: int) -> SentForm:
    if not boundary or len(boundary) > 200:
        raise Malformed
    # Starlette falls back to Latin-1 where UTF-8 is broken. Asked for Latin-1, it gives every byte back as it came,
    # and we decode strictly ourselves.
    plain = b'multipart/form-data; charset=latin-1; boundary="' + boundary + b'"'
    parser = _WholeParser(
        Headers(raw=[(b"content-type", plain)]),
        stream,
        max_files=MOST_FILES,
        max_fields=MOST_FIELDS,
        max_part_size=limit,
    )
    try:
        items = (await parser.parse()).multi_items()
    except MultiPartException as error:
        raise Malformed from error
    if not parser.ended:
        raise Malformed("Only a part of this form arrived.")
    texts = [(_utf8(name), _utf8(value)) for name, value in items if isinstance(value, str)]
    files = {_utf8(name): value for name, value in items if isinstance(value, UploadFile)}
    uploads = {name: value for name, value in files.items() if value.size}
    for upload in uploads.values():
        upload.filename = _utf8(upload.filename or "")
    hollow = frozenset(name for name, value in files.items() if value.filename and not value.size)
    return SentForm(_gathered(texts), uploads, hollow)


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    texts: dict[str, list[str]] = {}
    for name, text in pairs:
        texts.setdefault(name, []).append(text)
    return {name: tuple(several) for name, several in texts.items()}


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    taken = 0
    async with aclosing(request.stream()) as stream:
        async for chunk in stream:
            taken += len(chunk)
            if taken > limit:
                raise _too_large(limit)
            yield chunk


def _utf8(latin: str) -> str:
    try:
        return _fit(latin.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Malformed("This form is not in UTF-8.") from error


def _fit(text: str) -> str:
    # Strict UTF-8 has no lone surrogates; a NUL is the one character PostgreSQL cannot hold.
    if "\0" in text:
        raise Malformed("A form may not hold the character NUL.")
    return text


def _too_large(limit: int) -> TooLarge:
    size = f"{limit // 1_048_576} MB" if limit >= 1_048_576 else f"{limit:,} bytes"
    return TooLarge(_("This door takes at most %(size)s.", size=size))
