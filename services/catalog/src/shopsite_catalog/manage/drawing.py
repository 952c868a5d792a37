"""Pictures for the sample catalog: a gradient in the category's colour, a few shapes, the product's name."""

import hashlib
import io
import textwrap

from PIL import Image, ImageColor, ImageDraw, ImageFont, ImageOps

DEFAULT_COLOUR = "#667788"
SIZE = 800
_MARGIN = 64
_LINE = 20
_PAPER = (255, 252, 246)

Colour = tuple[int, int, int]


def draw_picture(name: str, category: str, colour: str) -> bytes:
    """Return a square JPEG; the same name always gives the same picture."""
    base = ImageColor.getrgb(colour)[:3]
    picture = _gradient(_mixed(base, _PAPER, 0.35), _mixed(base, (0, 0, 0), 0.35))
    _draw_shapes(picture, hashlib.blake2b(name.encode(), digest_size=16).digest(), base)
    _write(picture, name, category)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _mixed(colour: tuple[int, ...], other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _gradient(top: Colour, bottom: Colour) -> Image.Image:
    shades = Image.linear_gradient("L").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    return ImageOps.colorize(shades, top, bottom)


def _draw_shapes(picture: Image.Image, seed: bytes, base: tuple[int, ...]) -> None:
    """Lay three soft shapes over each other; their kinds, places and sizes come from the seed."""
    layer = Image.new("RGBA", picture.size)
    draw = ImageDraw.Draw(layer)
    light = _mixed(base, _PAPER, 0.6)
    for kind, x, y, size in zip(seed[0::4][:3], seed[1::4], seed[2::4], seed[3::4], strict=False):
        radius = 90 + size // 2
        left, top = x * 2 + 40, y + 40
        box = (left, top, left + 2 * radius, top + 2 * radius)
        if kind % 3 == 0:
            draw.ellipse(box, fill=(*light, 90))
        elif kind % 3 == 1:
            draw.rounded_rectangle(box, radius=radius // 3, fill=(*light, 80))
        else:
            draw.ellipse(box, outline=(*_PAPER, 130), width=14)
    picture.paste(layer, mask=layer.getchannel("A"))


def _write(picture: Image.Image, name: str, category: str) -> None:
    draw = ImageDraw.Draw(picture)
    lines = textwrap.wrap(name, _LINE)[:4]
    top = SIZE - _MARGIN - 66 * len(lines)
    draw.text((_MARGIN, top - 44), category.upper(), fill=_PAPER, font=ImageFont.load_default(24))
    for number, line in enumerate(lines):
        draw.text((_MARGIN, top + 66 * number), line, fill=_PAPER, font=ImageFont.load_default(54))
