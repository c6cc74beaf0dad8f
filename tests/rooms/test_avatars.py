"""Pictures of people: drawn anew, nothing hidden kept, nothing too large decoded."""

from __future__ import annotations

import asyncio
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from fedimark.accounts.avatars import avatar_of, remove_avatar, set_avatar
from fedimark.accounts.leave import leave
from fedimark.accounts.register import register
from fedimark.errors import Refused, TooLarge, Unavailable
from fedimark.media.files import avatar_path
from fedimark.media.pictures import square_webp
from tests.support.people import PASSWORD


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 480), mode: str = "RGB", **extra: object) -> bytes:
    out = BytesIO()
    Image.new(mode, size, 120).save(out, kind, **extra)
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "LA"), ("PNG", "I;16"), ("PNG", "1"),
     ("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("WEBP", "RGBA")],
)  # fmt: skip
def test_a_picture_becomes_a_square_webp(kind, mode):
    drawn = Image.open(BytesIO(square_webp(picture(kind, mode=mode))))

    assert drawn.format == "WEBP"
    assert drawn.size == (400, 400)


def test_nothing_hidden_in_a_picture_is_kept():
    exif = Image.Exif()
    exif[0x010E] = "taken at home, 38.7 N"
    exif[0x0112] = 6  # turn it

    drawn = square_webp(picture("JPEG", exif=exif.tobytes(), comment=b"a secret", icc_profile=b"profile" * 20))

    opened = Image.open(BytesIO(drawn))
    assert not opened.getexif()
    assert set(opened.info) <= {"loop", "background", "timestamp", "duration"}
    assert b"home" not in drawn
    assert b"EXIF" not in drawn


def test_a_small_picture_grows_and_a_long_one_is_cut():
    for size in ((1, 1), (1, 3000), (3000, 2)):
        assert Image.open(BytesIO(square_webp(picture(size=size)))).size == (400, 400)


@pytest.mark.parametrize(
    "data",
    [b"x", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(50), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7"],
)
def test_what_is_no_picture_of_the_three_kinds_is_refused(data):
    with pytest.raises(Refused) as refusal:
        square_webp(data)

    assert refusal.value.field == "avatar"


def test_a_picture_cut_off_in_the_middle_is_refused():
    whole = picture("JPEG", size=(2000, 2000), quality=95)

    with pytest.raises(Refused):
        square_webp(whole[: len(whole) // 2])


@pytest.mark.parametrize("side", [5_000, 10_000, 60_000])
def test_a_small_file_that_would_fill_the_memory_is_refused(side):
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")

    with pytest.raises(TooLarge):
        square_webp(bomb)


async def test_an_avatar_is_kept_replaced_and_removed(server):
    ana = await register("ana", PASSWORD)

    first = await set_avatar(ana, picture())
    again = await set_avatar(ana, picture())
    second = await set_avatar(ana, picture(size=(50, 50), mode="L"))

    assert first == again
    assert await avatar_of(ana) == second != first
    assert not avatar_path(first).exists()
    await remove_avatar(ana)
    assert await avatar_of(ana) == ""
    assert list((Path(server.here.settings.data_dir) / "avatars").iterdir()) == []


async def test_the_same_picture_of_two_people_is_two_files(server):
    ana, bo = await register("ana", PASSWORD), await register("bo", PASSWORD)
    anas, bos = await asyncio.gather(set_avatar(ana, picture()), set_avatar(bo, picture()))

    await leave(ana, "ana", PASSWORD)

    assert not avatar_path(anas).exists()
    assert avatar_path(bos).exists()


async def test_a_folder_that_takes_nothing_is_said_plainly(server):
    ana = await register("ana", PASSWORD)
    (Path(server.here.settings.data_dir) / "avatars").write_text("a file where the folder should be")

    with pytest.raises(Unavailable):
        await set_avatar(ana, picture())

    assert await avatar_of(ana) == ""


@pytest.mark.parametrize("name", ["", "../fedimark.sqlite3", "..", "x.webp", f"{'a' * 40}.webp\n", f"{'A' * 40}.webp"])
async def test_a_name_that_is_none_of_ours_is_no_path(server, name):
    assert avatar_path(name) is None


async def test_a_picture_goes_through_the_door_and_comes_back(server):
    await register("ana", PASSWORD)
    browser = server.browser()
    await browser.post("/sign-in", data={"username": "ana", "password": PASSWORD})

    async def send(data: bytes) -> int:
        return (await browser.post("/settings/avatar", files={"avatar": ("me.png", data, "image/png")})).status_code

    assert await send(b"no picture") == 422
    assert await send(bytes(4_200_000)) == 413
    assert await send(b"") == 422
    assert await send(picture()) == 303
    page = await browser.get("/settings")
    path = page.text.split('src="/avatars/')[1].split('"')[0]
    shown = await server.browser().get(f"/avatars/{path}")
    assert shown.status_code == 200
    assert shown.headers["content-type"] == "image/webp"
    assert "immutable" in shown.headers["cache-control"]
    assert (await browser.post("/settings/avatar", data={"remove": "yes"})).status_code == 303
    assert (await server.browser().get(f"/avatars/{path}")).status_code == 404
