"""A look into uploaded bytes: whether they are a picture that the shop takes."""

import asyncio
import io

from PIL import Image, UnidentifiedImageError

from shopsite_catalog.errors import NotAPicture

Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit only warns, at a higher figure; ours is looked at before decoding
MAX_PIXELS = 20_000_000
MAX_SIDE = 12_000
_FORMATS = ("JPEG", "PNG", "WEBP")
_DRAFT = (1024, 1024)


class Inspector:
    """Looks into one upload at a time, so that several large pictures don't fill the memory together."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def inspect(self, data: bytes) -> None:
        """Refuse what is no picture.

        Raises:
            NotAPicture: no JPEG, PNG or WebP, broken, or of too many pixels.
        """
        async with self._turn:
            await asyncio.to_thread(inspect, data)


def inspect(data: bytes) -> None:
    """Do what ``Inspector.inspect`` does, in the calling thread."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _check_size(image)
            image.draft("RGB", _DRAFT)  # a JPEG is decoded at a fraction of its size
            image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise NotAPicture.saying("The file is no JPEG, PNG or WebP picture, or it is broken.") from error


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise NotAPicture.saying(f"A picture may have at most {MAX_PIXELS // 1_000_000} million pixels.")
