"""Parts of a tagger, looked up by the name of their file, the `kind` of the configuration."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from mnerflow.compute.memory import is_hardware_error
from mnerflow.config import PartConfig, build
from mnerflow.errors import UserError
from mnerflow.registry import load, load_class

T = TypeVar("T")


@contextmanager
def options_of(part: str) -> Iterator[None]:
    """Turn the errors that torch and others raise for invalid options of a ``part`` into a ``UserError``.

    Lack of memory, CUDA errors and ``NotImplementedError`` pass through unchanged.
    """
    try:
        yield
    except NotImplementedError:
        raise
    except (TypeError, ValueError, RuntimeError, AssertionError) as error:
        if is_hardware_error(error):
            raise
        raise UserError(f"{part}: it cannot be made with these options ({error}). Correct them.") from error


def load_encoder(package: str, part: PartConfig, base: type[T]) -> tuple[type[T], Any, Path | None]:
    """Look up an encoder's class, its ``Config`` filled with the part's options, and its weights folder.

    Raises ``UserError`` as ``load_class`` and ``encoder_config`` do.
    """
    weights = Path(part.weights) if part.weights else None
    return (
        load_class(f"models.{package}", part.kind, base),
        encoder_config(package, part.kind, part.options),
        weights,
    )


def encoder_config(package: str, kind: str, options: dict[str, Any]) -> Any:
    """Build the ``Config`` of an encoder from options; raises ``UserError`` for an invalid one."""
    return build(load(f"models.{package}", kind, f"{package}.kind").Config, options, f"{package}: {kind}")
