"""Pictures of an organisation (ORG): a shop, an office tower, a bank, a factory, a sign."""

from random import Random

from mnerflow.data.demo.canvas import Canvas, Colour, colours


def _windows(
    canvas: Canvas,
    left: float,
    top: float,
    right: float,
    bottom: float,
    columns: int,
    rows: int,
    fill: Colour,
) -> None:
    """A grid of windows that fills the rectangle."""
    wide, high = (right - left) / columns, (bottom - top) / rows
    for column in range(columns):
        for row in range(rows):
            x, y = left + column * wide, top + row * high
            canvas.box(x + 0.2 * wide, y + 0.2 * high, x + 0.8 * wide, y + 0.8 * high, fill)


def _sign(
    canvas: Canvas,
    left: float,
    top: float,
    right: float,
    bottom: float,
    board: Colour,
    ink: Colour,
    rng: Random,
) -> None:
    """A board with a logo and a line of lettering."""
    canvas.box(left, top, right, bottom, board)
    middle, high = (top + bottom) / 2, bottom - top
    _logo(canvas, left + 0.7 * high, middle, 0.3 * high, ink, rng)
    x = left + 1.3 * high
    while x < right - 0.15 * high:
        width = min(rng.uniform(0.15, 0.4) * high, right - 0.1 * high - x)
        canvas.box(x, middle - 0.22 * high, x + width, middle + 0.22 * high, ink)
        x += width + 0.12 * high


def _logo(canvas: Canvas, x: float, y: float, radius: float, ink: Colour, rng: Random) -> None:
    shape = rng.randrange(3)
    if shape == 0:
        canvas.ellipse(x, y, radius, radius, ink)
    elif shape == 1:
        canvas.polygon([(x - radius, y + radius), (x, y - radius), (x + radius, y + radius)], ink)
    else:
        canvas.polygon([(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)], ink)


def _shop(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.7)
    wall, awning, stripe, glass, ink = colours(5, rng)
    canvas.box(0.02, 0.12, 0.98, 1.0, wall)
    _sign(canvas, 0.08, 0.16, 0.92, 0.36, stripe, ink, rng)
    stripes = rng.choice((6, 8, 10))
    for index in range(stripes):
        left, right = 0.02 + 0.96 * index / stripes, 0.02 + 0.96 * (index + 1) / stripes
        canvas.polygon(
            [(left, 0.4), (right, 0.4), (right + 0.01, 0.56), (left - 0.01, 0.56)],
            awning if index % 2 else stripe,
        )
    canvas.box(0.1, 0.62, 0.55, 0.9, glass)
    canvas.box(0.66, 0.62, 0.88, 1.0, ink)


def _office(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.75)
    wall, glass, board, ink = colours(4, rng)
    half = rng.uniform(0.2, 0.36)
    left, right = 0.5 - half, 0.5 + half
    canvas.box(left, 0.12, right, 1.0, wall)
    _windows(canvas, left + 0.03, 0.15, right - 0.03, 0.82, rng.randint(3, 5), rng.randint(4, 6), glass)
    canvas.box(0.42, 0.84, 0.58, 1.0, ink)
    if rng.random() < 0.7:
        _sign(canvas, left - 0.05, 0.0, right + 0.05, 0.16, board, ink, rng)


def _bank(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.7)
    wall, stone, ink = colours(3, rng)
    canvas.polygon([(0.0, 0.36), (0.5, 0.05), (1.0, 0.36)], stone)
    _logo(canvas, 0.5, 0.25, 0.08, ink, rng)
    canvas.box(0.06, 0.36, 0.94, 0.86, wall)
    pillars = rng.randint(4, 6)
    for index in range(pillars):
        x = 0.08 + 0.76 * index / (pillars - 1)
        canvas.box(x, 0.4, x + 0.08, 0.86, stone)
    canvas.box(0.02, 0.86, 0.98, 0.93, stone)
    canvas.box(-0.03, 0.93, 1.03, 1.0, ink)


def _factory(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.75)
    wall, roof, glass, smoke = colours(4, rng)
    canvas.box(0.06, 0.1, 0.18, 0.6, roof)
    for index in range(rng.randint(1, 3)):
        canvas.ellipse(0.16 + 0.13 * index, 0.05 - 0.03 * index, 0.1, 0.06, smoke)
    for index in range(3):
        x = 0.22 + 0.26 * index
        canvas.polygon([(x, 0.55), (x, 0.35), (x + 0.26, 0.55)], roof)
    canvas.box(0.0, 0.54, 1.0, 1.0, wall)
    _windows(canvas, 0.03, 0.58, 0.97, 0.78, rng.randint(4, 6), 1, glass)
    canvas.box(0.38, 0.8, 0.62, 1.0, roof)


def _signpost(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.7)
    pole, frame, board, ink = colours(4, rng)
    for x in (0.2, 0.74):
        canvas.box(x, 0.4, x + 0.06, 1.1, pole)
    canvas.box(0.0, 0.12, 1.0, 0.62, frame)
    _sign(canvas, 0.04, 0.16, 0.96, 0.58, board, ink, rng)


SCENES = (_shop, _office, _bank, _factory, _signpost)
