"""A small drawing surface: shapes in unit coordinates that can be moved, scaled, turned and mirrored."""

from collections.abc import Callable
from colorsys import hsv_to_rgb
from dataclasses import dataclass, field
from math import cos, pi, sin
from random import Random

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SUPERSAMPLING = 3
INK: Colour = (20, 18, 24)
CIRCLE = [(cos(2 * pi * k / 24), sin(2 * pi * k / 24)) for k in range(24)]


@dataclass
class Canvas:
    """Square RGB surface of ``size`` pixels; shapes are given in 0..1, y downwards.

    ``place`` sets where the following shapes go: the unit square is mirrored, turned about its centre
    by ``angle`` radians, scaled by ``scale`` and moved so that its centre lies at ``centre``.
    """

    size: int
    image: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.size * SUPERSAMPLING,) * 2)
        self._draw = ImageDraw.Draw(self.image)
        self._outline = max(1, round(self.image.width * 0.016))
        self.place()

    def place(
        self, centre: Point = (0.5, 0.5), scale: float = 1.0, angle: float = 0.0, mirror: bool = False
    ) -> None:
        """Set the transformation of the shapes drawn from now on."""
        scale *= self.image.width
        across = (-1 if mirror else 1) * scale
        self._matrix = (across * cos(angle), -scale * sin(angle), across * sin(angle), scale * cos(angle))
        self._centre = (centre[0] * self.image.width, centre[1] * self.image.width)

    def place_subject(self, rng: Random, smallest: float, turn: float = 0.09) -> None:
        """Put the next shapes at a random position and scale, turned by about ``turn`` radians."""
        scale = rng.uniform(smallest, 1.0)
        free = (1.2 - scale) / 2
        centre = (0.5 + rng.uniform(-free, free), 0.5 + rng.uniform(-free, free))
        self.place(centre, scale, rng.gauss(0, turn), rng.random() < 0.5)

    def polygon(self, points: list[Point], fill: Colour) -> None:
        """Fill a polygon and outline it in ink, as comics do."""
        corners = self._placed(points)
        self._draw.polygon(corners, fill=fill)
        self._draw.line([*corners, corners[0]], fill=INK, width=self._outline)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        """Fill a rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """Fill an ellipse with centre ``(x, y)`` and radii ``rx``, ``ry``."""
        self.polygon([(x + rx * dx, y + ry * dy) for dx, dy in CIRCLE], fill)

    def line(self, points: list[Point], width: float, fill: Colour) -> None:
        """Draw a polyline of the given width."""
        a, b, *_ = self._matrix
        pixels = max(1, round(width * (a * a + b * b) ** 0.5))
        self._draw.line(self._placed(points), fill=fill, width=pixels, joint="curve")

    def _placed(self, points: list[Point]) -> list[Point]:
        (a, b, c, d), (x0, y0) = self._matrix, self._centre
        return [(x0 + a * (x - 0.5) + b * (y - 0.5), y0 + c * (x - 0.5) + d * (y - 0.5)) for x, y in points]


def colours(number: int, rng: Random) -> list[Colour]:
    """Rich colours of any hue, light enough for an ink outline to show, and mostly easy to tell apart."""
    found: list[Colour] = []
    while len(found) < number:
        for _ in range(8):
            colour = _colour(rng.random(), rng.uniform(0.3, 1), rng.uniform(0.35, 0.95))
            if all(sum((a - b) ** 2 for a, b in zip(colour, c, strict=True)) > 80**2 for c in found):
                break
        found.append(colour)
    return found


def pale_colours(number: int, rng: Random) -> list[Colour]:
    """Washed-out colours of any hue, for the background."""
    return [_colour(rng.random(), rng.uniform(0, 0.35), rng.uniform(0.6, 1)) for _ in range(number)]


def recoloured(colour: Colour, change: Callable[[int], int]) -> Colour:
    """A colour with the same change applied to each of its channels."""
    red, green, blue = colour
    return change(red), change(green), change(blue)


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = hsv_to_rgb(hue, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)
