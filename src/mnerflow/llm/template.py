"""Jinja2 templates that anyone may have written, rendered where they can do no harm.

A sandbox alone bounds neither time nor memory, as text that is doubled forty times shows. So this file runs
as a process of its own, with nothing of the environment, and imports nothing of mnerflow.
"""

import json
import os
import resource
import subprocess
import sys
import traceback
from collections.abc import Sequence
from typing import Any

SECONDS = 10  # of a processor, for all texts together
MEMORY = 1 << 30  # bytes
CHARACTERS = 1_000_000  # of one text
NAME = "<template>"  # what Jinja2 calls the file of a template that has none


class TemplateFault(Exception):
    """A template that cannot be rendered: the place of its source among those given, its line, and why."""

    def __init__(self, source: int, line: int | None, reason: str) -> None:
        super().__init__(reason)
        self.source, self.line = source, line


def render(sources: Sequence[tuple[str, Sequence[dict[str, Any]]]]) -> list[list[str]]:
    """The texts of each source, one for each of its sets of values; raises ``TemplateFault``."""
    done = subprocess.run(
        [sys.executable, "-I", __file__],
        input=json.dumps({"sources": sources, "seconds": SECONDS}).encode(),
        capture_output=True,
        # What Python may need to start, and no secret.
        env={name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"},
        check=False,
    )
    if done.returncode:  # killed at its limit, or ended by an error that is not the template's
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
    """The line of the template: a syntax error knows it, of others it is where the template was."""
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
