"""Pictures of strangers, decoded carefully and drawn anew, so that nothing hidden in them is kept."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from fedimark.errors import Refused, TooLarge
from fedimark.language.said import _

if TYPE_CHECKING:
    from PIL import Image

SIDE: Final = 400  # pixels
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
# Decoded, a pixel takes four bytes, and Pillow holds a second copy for a moment.
_MOST_PIXELS: Final = 16_000_000
_READ: Final = _("This can’t be read as a PNG, JPEG or WebP picture.")


def square_webp(data: bytes) -> bytes:
    """Draw the middle square of a picture anew as a WebP of 400 × 400 pixels, without metadata; of frames, the first.

    Takes tens of milliseconds of one processor: call it in a thread. Raises Refused for what is no PNG, JPEG or WebP
    and TooLarge for more pixels than a picture of a person needs.
    """
    from PIL import Image  # noqa: PLC0415 - four megabytes for what comes once in the life of an account

    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as picture:
            return _drawn(picture)
    except TooLarge:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except Exception as error:
        # A decoder trips over broken bytes in more ways than it documents; all of them mean the same.
        raise Refused(_READ, field="avatar") from error


def _drawn(picture: Image.Image) -> bytes:
    from PIL import ImageOps  # noqa: PLC0415 - the same

    # A JPEG can be decoded at an eighth of its size, so large photographs cost little.
    picture.draft("RGB", (SIDE * 2, SIDE * 2))
    if picture.width * picture.height > _MOST_PIXELS:
        raise _too_many_pixels()
    upright = ImageOps.exif_transpose(picture)
    has_alpha = upright.has_transparency_data
    square = ImageOps.fit(upright.convert("RGBA" if has_alpha else "RGB"), (SIDE, SIDE))
    square.info.clear()  # what Pillow would write again: comments, EXIF, colour profile
    out = BytesIO()
    square.save(out, "WEBP", quality=85)
    return out.getvalue()


def _too_many_pixels() -> TooLarge:
    return TooLarge(
        _("A picture may have at most %(most)s million pixels.", most=_MOST_PIXELS // 1_000_000), field="avatar"
    )
