"""Pictures of a person (PER): a portrait, a whole figure, two figures."""

from random import Random

from mnerflow.data.demo.canvas import INK, Canvas, Colour, colours


def _head(canvas: Canvas, x: float, y: float, radius: float, skin: Colour, hair: Colour, rng: Random) -> None:
    """A face with one of five hairstyles; ``(x, y)`` is its centre."""
    style = rng.randrange(5)
    if style == 0:
        canvas.ellipse(x, y + radius * 0.25, radius * 1.25, radius * 1.5, hair)
    elif style == 1:
        canvas.ellipse(x, y - radius * 0.3, radius * 1.12, radius * 1.12, hair)
    elif style == 2:
        canvas.ellipse(x, y - radius * 1.35, radius * 0.5, radius * 0.45, hair)
        canvas.ellipse(x, y - radius * 0.25, radius * 1.08, radius * 1.1, hair)
    canvas.ellipse(x, y, radius * rng.uniform(0.8, 0.95), radius * 1.1, skin)
    if style == 3:
        canvas.box(x - radius * 1.5, y - radius * 0.75, x + radius * 1.5, y - radius * 0.5, hair)
        canvas.box(x - radius * 0.85, y - radius * 1.6, x + radius * 0.85, y - radius * 0.55, hair)
    for side in (-0.38, 0.38):
        canvas.ellipse(x + side * radius, y - radius * 0.1, radius * 0.14, radius * 0.16, INK)
    smile = rng.uniform(-0.05, 0.2) * radius
    mouth = y + radius * 0.5
    canvas.line(
        [(x - radius * 0.35, mouth), (x, mouth + smile), (x + radius * 0.35, mouth)], radius * 0.14, INK
    )


def _portrait(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.7)
    skin, hair, cloth, detail = colours(4, rng)
    shoulder = rng.uniform(0.3, 0.45)
    canvas.box(0.42, 0.5, 0.58, 0.75, skin)
    canvas.ellipse(0.5, 1.05, shoulder, rng.uniform(0.33, 0.4), cloth)
    canvas.box(0.5 - shoulder, 1.0, 0.5 + shoulder, 1.4, cloth)
    if rng.random() < 0.5:
        canvas.polygon([(0.4, 0.7), (0.6, 0.7), (0.5, 0.9)], detail)
    _head(canvas, 0.5, 0.36, rng.uniform(0.21, 0.26), skin, hair, rng)


def _standing(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.75)
    skin, hair, cloth, trousers = colours(4, rng)
    _figure(canvas, 0.5, skin, hair, cloth, trousers, rng)


def _couple(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.8)
    skin, hair, cloth, trousers = colours(4, rng)
    for x in (0.28, 0.72):
        _figure(canvas, x, skin, hair, cloth, trousers, rng)


def _figure(
    canvas: Canvas, x: float, skin: Colour, hair: Colour, cloth: Colour, trousers: Colour, rng: Random
) -> None:
    """A whole person from head to feet, the arms anywhere from hanging to raised."""
    for side in (-1, 1):
        hand = (
            x + side * rng.uniform(0.17, 0.27),
            rng.choice((rng.uniform(0.55, 0.65), rng.uniform(0.1, 0.3))),
        )
        elbow = (x + side * 0.2, (0.4 + hand[1]) / 2)
        canvas.line([(x + side * 0.08, 0.4), elbow, hand], 0.075, cloth)
        canvas.ellipse(*hand, 0.045, 0.045, skin)
        canvas.line([(x + side * 0.05, 0.62), (x + side * rng.uniform(0.06, 0.14), 1.0)], 0.1, trousers)
    canvas.polygon([(x - 0.14, 0.36), (x + 0.14, 0.36), (x + 0.11, 0.68), (x - 0.11, 0.68)], cloth)
    if rng.random() < 0.3:
        canvas.polygon([(x - 0.1, 0.6), (x + 0.1, 0.6), (x + 0.2, 0.85), (x - 0.2, 0.85)], cloth)
    _head(canvas, x, 0.2, 0.135, skin, hair, rng)


SCENES = (_portrait, _portrait, _standing, _couple)
