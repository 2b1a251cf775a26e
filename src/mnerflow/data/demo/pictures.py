"""Demo pictures: a figure (PER), a landscape or map (LOC), a building or shop (ORG), a thing (MISC).

Every class comes in every hue, size and position, in front of the same walls, with clutter, noise and blur.
Only its shape identifies a class; colour does not, and no single pixel does.
"""

from math import pi
from random import Random

import numpy as np
from PIL import Image, ImageFilter

from mnerflow.data.demo import buildings, figures, places, things
from mnerflow.data.demo.canvas import SUPERSAMPLING, Canvas, colours, pale_colours

SCENES = {"PER": figures.SCENES, "LOC": places.SCENES, "ORG": buildings.SCENES, "MISC": things.SCENES}


def draw_picture(entity_type: str, size: int, seed: str) -> Image.Image:
    """Draw ``entity_type`` as RGB, ``size`` × ``size`` pixels; the same arguments give the same pixels."""
    rng = Random(seed)
    canvas = Canvas(size)
    _background(canvas, rng)
    _clutter(canvas, rng.randint(0, 4), rng)
    rng.choice(SCENES[entity_type])(canvas, rng)
    _clutter(canvas, rng.randint(0, 2), rng)
    image = canvas.image.reduce(SUPERSAMPLING)
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.8) * size / 64))
    return _expose(image, rng)


def _expose(image: Image.Image, rng: Random) -> Image.Image:
    """Vary contrast, brightness and sensor noise."""
    pixels = np.asarray(image, dtype=np.float32)
    noise = np.random.default_rng(rng.getrandbits(64)).standard_normal(pixels.shape, dtype=np.float32)
    contrast, brightness = rng.uniform(0.7, 1.1), rng.uniform(-40, 25)
    pixels = (pixels - 128) * contrast + 128 + brightness + noise * rng.uniform(1, 10)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _background(canvas: Canvas, rng: Random) -> None:
    """A wall: plain, in two bands, or striped."""
    near, far = pale_colours(2, rng)
    canvas.place(angle=rng.uniform(0, 2 * pi))
    canvas.box(-1, -1, 2, 2, far)
    kind = rng.random()
    if kind < 0.4:
        canvas.box(-1, rng.uniform(0.3, 0.8), 2, 2, near)
    elif kind < 0.6:
        step = rng.uniform(0.15, 0.4)
        for index in range(-4, 12):
            canvas.box(index * step, -1, (index + 0.5) * step, 2, near)


def _clutter(canvas: Canvas, number: int, rng: Random) -> None:
    """Small shapes anywhere, behind the subject or over it."""
    for colour in colours(number, rng):
        canvas.place(
            (rng.random(), rng.random()), scale=rng.uniform(0.04, 0.16), angle=rng.uniform(0, 2 * pi)
        )
        shape = rng.randrange(4)
        if shape == 0:
            canvas.ellipse(0.5, 0.5, 0.5, rng.uniform(0.25, 0.5), colour)
        elif shape == 1:
            canvas.box(0, 0.2, 1, rng.uniform(0.5, 0.9), colour)
        elif shape == 2:
            canvas.polygon([(0, 1), (1, 1), (rng.random(), 0)], colour)
        else:
            canvas.line([(-1, 0.5), (0.5, rng.random()), (2, 0.5)], 0.2, colour)
