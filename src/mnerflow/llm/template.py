"""Render Jinja2 templates that anyone may have written, where they can do no harm.

A sandbox alone limits neither time nor memory: a template may double a text forty times. So this file runs as
a separate process with almost none of the environment's variables, and imports nothing from mnerflow.
"""

import json
import os
import resource
import subprocess
import sys
import traceback
from collections.abc import Sequence
from typing import Any

SECONDS = 10  # of processor time, for all texts together
MEMORY = 1 << 30  # bytes
CHARACTERS = 1_000_000  # per text
NAME = "<template>"  # Jinja2's file name for a template without a file


class TemplateFault(Exception):
    """A template that cannot be rendered: the index of its source, its line, and the reason."""

    def __init__(self, source: int, line: int | None, reason: str) -> None:
        super().__init__(reason)
        self.source, self.line = source, line


def render(sources: Sequence[tuple[str, Sequence[dict[str, Any]]]]) -> list[list[str]]:
    """Render each source once for each of its sets of values; raises ``TemplateFault``."""
    done = subprocess.run(
        [sys.executable, "-I", __file__],
        input=json.dumps({"sources": sources, "seconds": SECONDS}).encode(),
        capture_output=True,
        # Python may need this variable to start; it is not a secret.
        env={name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"},
        check=False,
    )
    if done.returncode:  # killed at its limit, or ended by an error outside the template
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        limits = f"it takes more than {SECONDS} s or {MEMORY >> 20} MiB"
        raise TemplateFault(0, None, limits if done.returncode < 0 else said)
    answer = json.loads(done.stdout)
    if "fault" in answer:
        raise TemplateFault(*answer["fault"])
    return answer["texts"]


def _render_all(sources: Sequence[tuple[str, Sequence[dict[str, Any]]]]) -> dict[str, Any]:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    texts = []
    for place, (source, values) in enumerate(sources):
        try:
            template = environment.from_string(source)
            texts.append([_render(template, each) for each in values])
        except Exception as error:  # a template may raise anything
            return {"fault": [place, _line(error), _reason(error)[:200]]}
    return {"texts": texts}


def _render(template: Any, values: dict[str, Any]) -> str:
    pieces, length = [], 0
    for piece in template.generate(values):
        length += len(piece)
        if length > CHARACTERS:
            raise ValueError(f"it makes more than {CHARACTERS:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def _line(error: Exception) -> int | None:
    """The template's line: from the error itself if it has one, otherwise from the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == NAME]
    return getattr(error, "lineno", None) or (lines[-1] if lines else None)


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError | RecursionError):
        return f"it takes more than {MEMORY >> 20} MiB, or calls itself without end"
    return " ".join(str(error).split()) or type(error).__name__


def _main() -> None:
    given = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (given["seconds"],) * 2)
    json.dump(_render_all(given["sources"]), sys.stdout)


if __name__ == "__main__":
    _main()
