"""What becomes of a picture somebody sends: read, checked, and drawn anew with nothing of the file it came in."""

from __future__ import annotations

import io
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from omni.kernel.errors import InvalidInput

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 40_000_000
LONGEST_SIDE = 1600
FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 85


class InvalidPhoto(InvalidInput):
    """A file that is no picture we take, or one that is too large."""

    code = "invalid_photo"


class CleanPhoto(NamedTuple):
    """A JPEG of our own making."""

    content: bytes
    width: int
    height: int


def clean_photo(raw: bytes, *, field: str = "photos") -> CleanPhoto:
    """Draw a picture anew: turned as the camera held it, at most 1600 pixels long, without any of its metadata.

    :raises InvalidPhoto: it is larger than 8 MB or 40 megapixels, broken, or neither JPEG, PNG nor WebP.
    """
    if len(raw) > MAX_BYTES:
        raise InvalidPhoto(_("A photo may have at most 8 MB."), field=field)
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise InvalidPhoto(_("A photo may have at most 40 megapixels."), field=field)
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidPhoto(_("This is not a photo that can be read. Send JPEG, PNG or WebP."), field=field) from error
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    # A new picture from the pixels alone: nothing else of the file can come along.
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    drawn = io.BytesIO()
    bare.save(drawn, "JPEG", quality=QUALITY, optimize=True)
    return CleanPhoto(drawn.getvalue(), *bare.size)
