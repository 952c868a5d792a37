"""What is done with pictures: read what they are, and make them smaller."""

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST_BYTES = 10 * 1024 * 1024
LARGEST_PIXELS = 25_000_000
LARGEST_SIDE = 4096
FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif"}
MEDIA_TYPES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif"}
TRANSFORM = re.compile(r"[a-z]{1,3}_[^/,]+(,[a-z]{1,3}_[^/,]+)*")
SIDE = re.compile(r"\b([wh])_(\d{1,5})\b")
CROP = re.compile(r"\bc_(\w+)")
KEEPS_SHAPE = frozenset({"fit", "limit", "scale"})


class InvalidPicture(Exception):
    """Not a picture, or too big a one; the text is for the caller."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a picture is."""

    width: int
    height: int
    format: str


def examine(content: bytes) -> Facts:
    """Reads a picture's format and size from its bytes, whatever it is called; raises `InvalidPicture`."""
    if len(content) > LARGEST_BYTES:
        raise InvalidPicture(f"File size too large. Got {len(content)}. Maximum is {LARGEST_BYTES}.")
    try:
        facts = _read(content)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidPicture("Invalid image file") from error
    if facts.width * facts.height > LARGEST_PIXELS:
        raise InvalidPicture("Image too large: more than 25 megapixels")
    return facts


def _read(content: bytes) -> Facts:
    with warnings.catch_warnings():
        # Pillow warns of many pixels; the caller's own limit is lower and is an error.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content), formats=list(FORMATS)) as picture:
            facts = Facts(width=picture.width, height=picture.height, format=FORMATS[picture.format or ""])
            picture.verify()
    return facts


def is_transform(segment: str) -> bool:
    """Whether a part of a path says how to change the picture."""
    return bool(TRANSFORM.fullmatch(segment))


@lru_cache(maxsize=256)
def rendered(path: Path, transforms: Sequence[str], form: str) -> bytes:
    """Returns the picture of a file, whose content never changes, resized and in the format `form`."""
    with Image.open(path) as opened:
        picture: Image.Image = opened
        for transform in transforms:
            picture = _resized(picture, transform)
        out = io.BytesIO()
        target = {ending: name for name, ending in FORMATS.items()}[form]
        (picture.convert("RGB") if target == "JPEG" else picture).save(out, target)
    return out.getvalue()


def _resized(picture: Image.Image, transform: str) -> Image.Image:
    sides = {name: max(1, min(int(number), LARGEST_SIDE)) for name, number in SIDE.findall(transform)}
    if not sides:
        return picture
    crop = CROP.search(transform)
    if len(sides) == len("wh") and not (crop and crop[1] in KEEPS_SHAPE):
        return ImageOps.fit(picture, (sides["w"], sides["h"]))
    box = (sides.get("w", LARGEST_SIDE), sides.get("h", LARGEST_SIDE))
    return ImageOps.contain(picture, box)
