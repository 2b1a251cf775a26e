"""Line-based formats: posts are runs of lines, separated by empty lines."""

from collections.abc import Iterator
from pathlib import Path

from mnerflow.files.reading import read_lines


def blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield ``(number of the first line, lines)`` for every run of lines that are not empty.

    A line of tabs and spaces also counts as empty, since it has no tag. Other invisible characters may be
    tokens.
    """
    lines: list[str] = []
    number = 0
    for number, line in read_lines(path):
        if line.strip(" \t"):
            lines.append(line)
        elif lines:
            yield number - len(lines), lines
            lines = []
    if lines:
        yield number - len(lines) + 1, lines
