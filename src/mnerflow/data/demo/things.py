"""Pictures of a thing (MISC): a phone, a bottle, a parcel, a car, a ball, a mug, a clapperboard, a guitar."""

from math import cos, pi, sin
from random import Random

from mnerflow.data.demo.canvas import Canvas, colours, recoloured

TURN = 0.3


def _phone(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.65, turn=TURN)
    case, screen, *icons = colours(5, rng)
    canvas.box(0.27, 0.02, 0.73, 0.98, case)
    canvas.box(0.31, 0.12, 0.69, 0.84, screen)
    canvas.ellipse(0.5, 0.91, 0.045, 0.045, screen)
    canvas.box(0.43, 0.06, 0.57, 0.08, screen)
    for row in range(4):
        for column in range(3):
            x, y = 0.345 + 0.115 * column, 0.17 + 0.16 * row
            canvas.box(x, y, x + 0.08, y + 0.09, rng.choice(icons))


def _bottle(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.7, turn=TURN)
    glass, label, cap, ink = colours(4, rng)
    half = rng.uniform(0.15, 0.22)
    canvas.box(0.44, 0.08, 0.56, 0.4, glass)
    canvas.ellipse(0.5, 0.42, half, 0.14, glass)
    canvas.box(0.5 - half, 0.42, 0.5 + half, 0.98, glass)
    canvas.box(0.43, 0.0, 0.57, 0.08, cap)
    canvas.box(0.5 - half, 0.54, 0.5 + half, 0.82, label)
    canvas.ellipse(0.5, 0.68, 0.08, 0.08, ink)


def _parcel(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.65, turn=TURN)
    tape, side = colours(2, rng)
    front = recoloured(side, lambda part: part * 8 // 10)
    top = recoloured(side, lambda part: part * 6 // 10)
    depth = rng.uniform(0.15, 0.3)
    canvas.polygon([(0.0, 0.35), (depth, 0.12), (1.0, 0.12), (1.0 - depth, 0.35)], top)
    canvas.polygon([(1.0 - depth, 0.35), (1.0, 0.12), (1.0, 0.72), (1.0 - depth, 0.95)], front)
    canvas.box(0.0, 0.35, 1.0 - depth, 0.95, side)
    middle = (1.0 - depth) / 2
    canvas.box(middle - 0.06, 0.35, middle + 0.06, 0.95, tape)
    canvas.polygon(
        [
            (middle - 0.06, 0.35),
            (middle - 0.06 + depth, 0.12),
            (middle + 0.06 + depth, 0.12),
            (middle + 0.06, 0.35),
        ],
        tape,
    )


def _car(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.75)
    paint, glass, tyre, rim = colours(4, rng)
    front, back = rng.uniform(0.2, 0.3), rng.uniform(0.7, 0.9)
    canvas.polygon([(front, 0.5), (front + 0.12, 0.26), (back - 0.08, 0.26), (back, 0.5)], paint)
    canvas.polygon([(front + 0.07, 0.48), (front + 0.15, 0.31), (0.5, 0.31), (0.5, 0.48)], glass)
    canvas.polygon([(0.54, 0.48), (0.54, 0.31), (back - 0.11, 0.31), (back - 0.05, 0.48)], glass)
    canvas.polygon([(0.0, 0.74), (0.03, 0.54), (0.2, 0.48), (0.97, 0.48), (1.0, 0.74)], paint)
    for x in (0.23, 0.77):
        canvas.ellipse(x, 0.74, 0.125, 0.125, tyre)
        canvas.ellipse(x, 0.74, 0.06, 0.06, rim)


def _ball(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.6)
    skin, seam = colours(2, rng)
    canvas.ellipse(0.5, 0.5, 0.45, 0.45, skin)
    if rng.random() < 0.5:
        _pentagon(canvas, 0.5, 0.5, 0.15, seam)
        for k in range(5):
            angle = 2 * pi * k / 5 - pi / 2
            canvas.line(
                [(0.5, 0.5), (0.5 + 0.32 * cos(angle), 0.5 + 0.32 * sin(angle))], width=0.035, fill=seam
            )
            _pentagon(canvas, 0.5 + 0.35 * cos(angle), 0.5 + 0.35 * sin(angle), 0.09, seam)
    else:
        canvas.line([(0.5, 0.05), (0.5, 0.95)], 0.04, seam)
        canvas.line([(0.05, 0.5), (0.95, 0.5)], 0.04, seam)
        for side in (-1, 1):
            bow = [
                (0.5 + side * (0.38 - 0.2 * cos(step * pi / 8)), 0.5 + step * 0.35 / 4)
                for step in range(-4, 5)
            ]
            canvas.line(bow, 0.04, seam)


def _pentagon(canvas: Canvas, x: float, y: float, radius: float, fill: tuple[int, int, int]) -> None:
    corners = [2 * pi * k / 5 - pi / 2 for k in range(5)]
    canvas.polygon([(x + radius * cos(angle), y + radius * sin(angle)) for angle in corners], fill)


def _mug(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.65)
    china, drink, motif = colours(3, rng)
    ring = [(0.68 + 0.22 * sin(pi * step / 8), 0.56 - 0.2 * cos(pi * step / 8)) for step in range(9)]
    canvas.line(ring, 0.08, china)
    canvas.box(0.12, 0.25, 0.7, 0.85, china)
    canvas.ellipse(0.41, 0.85, 0.29, 0.1, china)
    canvas.ellipse(0.41, 0.25, 0.29, 0.1, china)
    canvas.ellipse(0.41, 0.26, 0.24, 0.07, drink)
    canvas.polygon([(0.28, 0.5), (0.54, 0.5), (0.41, 0.75)], motif)


def _clapperboard(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.7, turn=TURN / 2)
    board, stripe, ink = colours(3, rng)
    canvas.box(0.04, 0.4, 0.96, 0.95, board)
    for y in (0.55, 0.7, 0.83):
        canvas.line([(0.1, y), (rng.uniform(0.5, 0.9), y)], 0.03, ink)
    lift = rng.uniform(0.05, 0.25)
    for bottom, rise in ((0.4, 0.0), (0.26, lift)):
        canvas.polygon(
            [(0.04, bottom), (0.96, bottom - rise), (0.96, bottom - rise - 0.13), (0.04, bottom - 0.13)],
            board,
        )
        for index in range(4):
            x = 0.08 + 0.23 * index
            here, there = bottom - rise * (x - 0.04) / 0.92, bottom - rise * (x + 0.06) / 0.92
            canvas.polygon(
                [(x, here), (x + 0.1, there), (x + 0.16, there - 0.13), (x + 0.06, here - 0.13)], stripe
            )


def _guitar(canvas: Canvas, rng: Random) -> None:
    canvas.place_subject(rng, smallest=0.75, turn=2 * TURN)
    body, neck, hole = colours(3, rng)
    canvas.ellipse(0.5, 0.78, 0.25, 0.22, body)
    canvas.ellipse(0.5, 0.54, 0.18, 0.16, body)
    canvas.ellipse(0.5, 0.64, 0.08, 0.08, hole)
    canvas.box(0.46, 0.08, 0.54, 0.6, neck)
    canvas.box(0.42, 0.0, 0.58, 0.12, neck)
    canvas.box(0.4, 0.82, 0.6, 0.86, hole)


SCENES = (_phone, _bottle, _parcel, _car, _ball, _mug, _clapperboard, _guitar)
