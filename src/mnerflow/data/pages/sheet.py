"""A contact sheet: random posts with their crops and text, to check that the crops show the words."""

import random
from collections.abc import Iterable
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

from mnerflow.data.post import read_posts
from mnerflow.files.writing import atomic_path

POSTS = 20
WIDTH, MARGIN, TEXT_SIZE = 1000, 10, 20


def contact_sheet(splits: Iterable[Path], images: Path, target: Path) -> None:
    """Draw a fixed random sample of ``POSTS`` posts that have images, to the PNG file ``target``.

    ``splits`` are files of posts, and ``images`` is the folder of their crops. Each post is shown as its id
    and text, with its crops below in order. Raises ``UserError`` when a file is missing.
    """
    posts = [post for split in splits for post in read_posts(split) if post.images]
    drawn = random.Random(0).sample(posts, min(POSTS, len(posts)))
    # Pillow's own font has no Czech letters.
    font_file = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    font = ImageFont.truetype(str(font_file), TEXT_SIZE)
    parts = []
    for post in drawn:
        parts.append(_text(f"{post.id}: {' '.join(post.tokens)}", font))
        parts += [_crop(images / name) for name in post.images]
    sheet = Image.new("RGB", (WIDTH, MARGIN + sum(part.height + MARGIN for part in parts)), "lightgrey")
    top = MARGIN
    for part in parts:
        sheet.paste(part, (MARGIN, top))
        top += part.height + MARGIN
    with atomic_path(target) as temporary:
        sheet.save(temporary, format="PNG")


def _crop(path: Path) -> Image.Image:
    with Image.open(path) as image:
        scale = min(2, (WIDTH - 2 * MARGIN) / image.width)
        return image.convert("RGB").resize((round(image.width * scale), max(1, round(image.height * scale))))


def _text(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) > WIDTH - 2 * MARGIN:
            lines.append(word)
        else:
            lines[-1] = longer
    image = Image.new("RGB", (WIDTH - 2 * MARGIN, len(lines) * (TEXT_SIZE + 4)), "white")
    ImageDraw.Draw(image).multiline_text((0, 0), "\n".join(lines), fill="black", font=font, spacing=4)
    return image
