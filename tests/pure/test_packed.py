"""Archives: looked into, bounded, and refused with a sentence where they are damaged, locked or made to harm."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
import tracemalloc
import zipfile
from typing import Any

import pytest

from fedimark.errors import FedimarkError, Refused, TooLarge, WrongType
from fedimark.importing.formats import Reading, opened
from fedimark.importing.formats.mozlz4 import Unpacked
from tests.pure.format_samples import CHROMIUM, FIREFOX, FOLDER, KARAKEEP, OMNIVORE, POCKET, SAMPLES, as_json

LETTER = b"words, and no bookmarks at all\n"


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return made.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        for name, raw in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return made.getvalue()


def mozlz4(raw: bytes) -> bytes:
    """The same, packed without a single repetition; LZ4 allows that."""
    count = len(raw)
    token = bytes([0xF0]) + b"\xff" * ((count - 15) // 255) + bytes([(count - 15) % 255])
    return b"mozLz40\0" + count.to_bytes(4, "little") + token + raw


def unpacked(raw: bytes) -> bytes:
    source = Unpacked(io.BytesIO(raw))
    return b"".join(iter(lambda: source.read(700), b""))


def rows_of(raw: bytes, reading: Reading = Reading(folders="tags")) -> list[Any]:
    return list(opened(io.BytesIO(raw)).rows(reading))


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("pack", [gzip.compress, lambda raw: zipped({"a/b.txt": raw}), lambda raw: tarred({"x": raw})])
def test_every_format_is_found_in_an_archive_whatever_it_is_called(name, pack):
    raw, expected = SAMPLES[name]

    found = opened(io.BytesIO(pack(raw)))

    assert found.name == name
    assert next(iter(found.rows(Reading(folders="tags")))) == expected


def test_all_files_of_an_archive_that_are_bookmarks_are_read_one_after_another():
    raw = zipped({"img.png": b"\x89PNG", "metadata_0_to_20.json": OMNIVORE, "letter": LETTER, "pocket.csv": POCKET})

    assert opened(io.BytesIO(raw)).name == "Omnivore JSON, Pocket CSV"
    assert len(rows_of(raw)) == 2


def test_mastodons_archive_gives_bookmarks_and_own_notes_and_leaves_likes_alone():
    page = {"@context": "https://www.w3.org/ns/activitystreams", "type": "OrderedCollection"}
    mine = as_json(page | {"id": "bookmarks.json", "orderedItems": ["https://a.example/1", "https://a.example/2"]})
    likes = as_json(page | {"id": "likes.json", "orderedItems": ["https://a.example/3"]})
    outbox = SAMPLES["Mastodon archive"][0]
    raw = tarred(
        {"media/1.png": b"\x89PNG" * 50_000, "outbox.json": outbox, "likes.json": likes, "bookmarks.json": mine}
    )

    assert [row.url for row in rows_of(raw)] == [
        SAMPLES["Mastodon archive"][1].url,
        "https://a.example/1",
        "https://a.example/2",
    ]


@pytest.mark.parametrize("raw", [CHROMIUM, KARAKEEP])
def test_formats_that_are_read_twice_are_read_twice_out_of_an_archive_too(raw):
    for packed in (gzip.compress(raw), zipped({"x": raw}), tarred({"y": LETTER, "x": raw}), tarred({"x": raw}, "w")):
        assert FOLDER in rows_of(packed)[0].tags


def test_firefoxs_own_packing_is_undone():
    assert opened(io.BytesIO(mozlz4(FIREFOX))).name == "Firefox JSON"
    assert rows_of(mozlz4(FIREFOX)) == rows_of(FIREFOX)


def test_repetitions_in_firefoxs_packing_are_undone_across_any_distance():
    # 20 letters, then 300 more of them by looking back 20, then the last five letters, as LZ4 wants it.
    body = b"[" + b" " * 19
    packed = bytes([0xFF, 5]) + body + (20).to_bytes(2, "little") + bytes([255, 300 - 4 - 15 - 255]) + b"\x50{}{}]"
    raw = b"mozLz40\0" + (325).to_bytes(4, "little") + packed

    assert unpacked(raw) == body * 16 + b"{}{}]"


def test_a_large_file_comes_whole_out_of_firefoxs_packing():
    chance = random.Random(1)
    whole, packed = bytearray(), bytearray()
    for _ in range(9_000):
        fresh = chance.randbytes(chance.randint(1, 14))
        whole += fresh
        back, count = chance.randint(1, min(65_535, len(whole))), chance.randint(4, 18)
        packed += bytes([len(fresh) << 4 | count - 4]) + fresh + back.to_bytes(2, "little")
        for _ in range(count):
            whole.append(whole[-back])
    raw = b"mozLz40\0" + (len(whole) + 5).to_bytes(4, "little") + packed + b"\x50last!"

    assert unpacked(raw) == bytes(whole) + b"last!"


@pytest.mark.parametrize("end", range(0, 60, 3))
def test_a_cut_or_lying_file_of_firefox_is_refused(end):
    whole = mozlz4(FIREFOX)
    lying = whole[:8] + (2**32 - 1).to_bytes(4, "little") + whole[12:]

    for raw in (whole[: 8 + end], lying):
        with pytest.raises(FedimarkError) as refused:
            rows_of(raw)
        assert refused.value.message


def bomb(count: int) -> bytes:
    """A single byte, looked back at again and again."""
    said = b"\x1f[" + (1).to_bytes(2, "little") + b"\xff" * (count // 255) + b"\x00"
    return b"mozLz40\0" + (count // 255 * 255 + 1 + 19 + 5).to_bytes(4, "little") + said + b"\x50]]]]]"


def test_a_bomb_of_firefoxs_packing_is_refused_before_it_is_unpacked():
    with pytest.raises(TooLarge, match="far more"):
        rows_of(bomb(60_000_000))


def test_of_a_long_repetition_only_a_part_is_held_at_a_time():
    raw = bomb(15_000_000)
    tracemalloc.start()
    source = Unpacked(io.BytesIO(raw))
    amount = sum(map(len, iter(lambda: source.read(65_536), b"")))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert amount == int.from_bytes(raw[8:12], "little")
    assert most < 3_000_000


def test_a_length_without_end_is_refused_as_soon_as_it_is_longer_than_the_file_says():
    source = io.BytesIO(b"mozLz40\0" + (1_000).to_bytes(4, "little") + b"\xff" * 10_000_000)

    with pytest.raises(Refused):
        Unpacked(source).read(1)
    assert source.tell() < 1_000_000


def test_a_bomb_in_a_gz_is_refused_after_a_bounded_part_of_it():
    with pytest.raises(TooLarge, match="far more"):
        rows_of(gzip.compress(OMNIVORE[:-1] + b" " * 60_000_000))


def test_a_bomb_in_a_zip_is_refused():
    with pytest.raises(TooLarge, match="far more"):
        rows_of(zipped({"x.json": OMNIVORE[:-1] + b" " * 60_000_000}))


def test_files_of_a_zip_that_lie_over_one_another_are_refused():
    raw = bytearray(zipped({"a.csv": POCKET * 20, "b.csv": POCKET * 20}))
    # Both entries of the table of contents say that they take all of the archive.
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        raw[at + 20 : at + 24] = len(raw).to_bytes(4, "little")
        at = raw.find(b"PK\x01\x02", at + 1)

    with pytest.raises(TooLarge):
        rows_of(bytes(raw))


@pytest.mark.parametrize("name", ["../x.json", "/etc/x.json", "a/../../x.json", "C:\\x.json", "..\\x.json", "\\x.json"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_that_lead_out_of_an_archive_are_refused(name, pack):
    with pytest.raises(Refused, match="outside"):
        rows_of(pack({name: OMNIVORE}))


def test_a_locked_zip_is_refused():
    raw = bytearray(zipped({"x.json": OMNIVORE}))
    raw[6] |= 1
    raw[raw.find(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(Refused, match="password"):
        rows_of(bytes(raw))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_take_much_memory_are_refused(method):
    with pytest.raises(Refused, match="a way this server does not read"):
        rows_of(zipped({"x.json": OMNIVORE}, method))


@pytest.mark.parametrize(
    "raw",
    [
        zipped({"x.zip": zipped({"y": POCKET})}),
        gzip.compress(gzip.compress(POCKET)),
        gzip.compress(zipped({"y": POCKET})),
    ],
)
def test_an_archive_in_an_archive_is_not_opened(raw):
    with pytest.raises(WrongType, match="another one"):
        rows_of(raw)


@pytest.mark.parametrize("raw", [zipped({}), zipped({"folder/": b""})])
def test_an_empty_archive_is_said_to_be_empty(raw):
    with pytest.raises(Refused, match="empty"):
        rows_of(raw)


def test_an_archive_without_bookmarks_says_what_is_read():
    with pytest.raises(WrongType, match="Pinboard"):
        rows_of(zipped({"letter.txt": LETTER}))


@pytest.mark.parametrize("pack", [gzip.compress, lambda raw: zipped({"a": raw}), lambda raw: tarred({"x": raw})])
def test_a_damaged_archive_is_told_in_words(pack):
    chance = random.Random(7)
    lines = json.dumps({"fedimark": "bookmarks", "version": 1}).encode()
    raw = pack(lines + b"".join(b'\n{"url": "https://example.org/%d"}' % chance.getrandbits(60) for _ in range(3_000)))

    for end in range(1, len(raw), len(raw) // 40):
        try:
            rows_of(raw[:end])
        except FedimarkError as error:
            assert error.message
    for _ in range(40):
        noisy = bytearray(raw)
        noisy[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        try:
            rows_of(bytes(noisy))
        except FedimarkError as error:
            assert error.message
