"""Pictures of a place (LOC): mountains, a road through the land, the sea, a map."""

from random import Random

from mnerflow.data.demo.canvas import Canvas, Colour, colours, pale_colours, recoloured


def _tilt(canvas: Canvas, rng: Random) -> None:
    canvas.place(scale=1.1, angle=rng.gauss(0, 0.05), mirror=rng.random() < 0.5)


def _sky(canvas: Canvas, horizon: float, sky: Colour, sun: Colour, rng: Random) -> None:
    """Sky down to the horizon, mostly with a sun and some clouds."""
    canvas.box(-0.5, -0.5, 1.5, horizon, sky)
    if rng.random() < 0.7:
        radius = rng.uniform(0.05, 0.12)
        canvas.ellipse(rng.uniform(0.1, 0.9), rng.uniform(0.1, horizon - 0.02), radius, radius, sun)
    cloud = recoloured(sky, lambda part: (3 * part + 255) // 4)
    for _ in range(rng.randint(0, 3)):
        x, y = rng.random(), rng.uniform(0.02, horizon * 0.6)
        for offset in (-0.07, 0, 0.07):
            canvas.ellipse(x + offset, y - 0.02 * (offset == 0), 0.07, 0.04, cloud)


def _mountains(canvas: Canvas, rng: Random) -> None:
    _tilt(canvas, rng)
    horizon = rng.uniform(0.5, 0.8)
    ground, sun, far = colours(3, rng)
    sky, snow = pale_colours(2, rng)
    _sky(canvas, horizon, sky, sun, rng)
    for _ in range(rng.randint(2, 4)):
        x, height, half = rng.uniform(0, 1), rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.4)
        top = (x, horizon - height)
        canvas.polygon([(x - half, horizon), top, (x + half, horizon)], far)
        canvas.polygon(
            [top, (x - half * 0.3, top[1] + height * 0.3), (x + half * 0.3, top[1] + height * 0.3)], snow
        )
    canvas.box(-0.5, horizon, 1.5, 1.5, ground)


def _road(canvas: Canvas, rng: Random) -> None:
    _tilt(canvas, rng)
    horizon = rng.uniform(0.35, 0.6)
    ground, sun, trees = colours(3, rng)
    sky, road = pale_colours(2, rng)
    _sky(canvas, horizon, sky, sun, rng)
    canvas.box(-0.5, horizon, 1.5, 1.5, ground)
    end, start = rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7)
    canvas.polygon(
        [(end - 0.015, horizon), (end + 0.015, horizon), (start + 0.25, 1.1), (start - 0.25, 1.1)], road
    )
    for _ in range(rng.randint(2, 5)):
        _tree(
            canvas,
            rng.choice((rng.uniform(0, 0.3), rng.uniform(0.7, 1))),
            horizon + rng.uniform(0, 0.2),
            trees,
            rng,
        )


def _tree(canvas: Canvas, x: float, foot: float, leaves: Colour, rng: Random) -> None:
    height = rng.uniform(0.12, 0.25)
    canvas.line([(x, foot), (x, foot - height * 0.5)], 0.025, (70, 50, 35))
    if rng.random() < 0.5:
        canvas.polygon(
            [
                (x - height * 0.3, foot - height * 0.3),
                (x, foot - height),
                (x + height * 0.3, foot - height * 0.3),
            ],
            leaves,
        )
    else:
        canvas.ellipse(x, foot - height * 0.7, height * 0.3, height * 0.35, leaves)


def _sea(canvas: Canvas, rng: Random) -> None:
    _tilt(canvas, rng)
    horizon = rng.uniform(0.4, 0.65)
    water, sun, island = colours(3, rng)
    sky, sail = pale_colours(2, rng)
    _sky(canvas, horizon, sky, sun, rng)
    x, half = rng.random(), rng.uniform(0.15, 0.35)
    canvas.ellipse(x, horizon, half, rng.uniform(0.08, 0.2), island)
    canvas.box(-0.5, horizon, 1.5, 1.5, water)
    wave = recoloured(water, lambda part: (2 * part + 255) // 3)
    for _ in range(rng.randint(3, 7)):
        x, y = rng.random(), rng.uniform(horizon + 0.05, 1)
        canvas.line(
            [(x - 0.1, y), (x - 0.05, y - 0.02), (x, y), (x + 0.05, y - 0.02), (x + 0.1, y)], 0.015, wave
        )
    if rng.random() < 0.5:
        x, y = rng.uniform(0.2, 0.8), horizon + rng.uniform(0.05, 0.2)
        canvas.polygon([(x - 0.1, y), (x + 0.1, y), (x + 0.06, y + 0.05), (x - 0.06, y + 0.05)], island)
        canvas.polygon([(x, y - 0.2), (x, y - 0.01), (x + 0.1, y - 0.01)], sail)


def _map(canvas: Canvas, rng: Random) -> None:
    canvas.place(scale=1.2, angle=rng.uniform(-0.6, 0.6))
    street, river, park, pin = colours(4, rng)
    (land,) = pale_colours(1, rng)
    canvas.box(-0.5, -0.5, 1.5, 1.5, land)
    for _ in range(rng.randint(1, 3)):
        x, y = rng.random(), rng.random()
        canvas.box(x, y, x + rng.uniform(0.1, 0.3), y + rng.uniform(0.1, 0.3), park)
    bends = [(x / 4, rng.uniform(0.2, 0.8)) for x in range(-1, 6)]
    canvas.line(bends, rng.uniform(0.05, 0.1), river)
    for position in _cuts(rng):
        canvas.line([(-0.5, position), (1.5, position + rng.gauss(0, 0.08))], 0.03, street)
    for position in _cuts(rng):
        canvas.line([(position, -0.5), (position + rng.gauss(0, 0.08), 1.5)], 0.03, street)
    canvas.place((rng.uniform(0.25, 0.75), rng.uniform(0.3, 0.7)), scale=rng.uniform(0.2, 0.4))
    canvas.polygon([(0.2, 0.42), (0.8, 0.42), (0.5, 1.0)], pin)
    canvas.ellipse(0.5, 0.32, 0.34, 0.32, pin)
    canvas.ellipse(0.5, 0.32, 0.13, 0.13, land)


def _cuts(rng: Random) -> list[float]:
    """Positions that cut the unit length into blocks."""
    position, cuts = rng.uniform(-0.1, 0.2), []
    while position < 1.1:
        cuts.append(position)
        position += rng.uniform(0.16, 0.34)
    return cuts


SCENES = (_mountains, _road, _sea, _map)
