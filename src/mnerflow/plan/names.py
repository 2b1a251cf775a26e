"""The names of a run: those of its parts, its folder, and labels for readers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from mnerflow.errors import UserError

NONE = "none"
FILTERS_OFF = "none"
BASE = "base"  # the variant that changes nothing
TEXT_ONLY = "text_only"  # the fusion that is left when the image is taken away


@dataclass(frozen=True, order=True)
class Combination:
    """What the runs of several seeds share; an encoder that they lack is ``none``.

    A vision-language encoder is both the text and the image encoder; if it is shown no images, it is only the
    text encoder.

    A fusion says how modalities are combined. A variant says what else distinguishes runs: the decoder, the
    contexts that are read, the run to start from, and training.
    """

    dataset: str
    filter: str
    text_encoder: str
    image_encoder: str
    fusion: str
    variant: str = field(default=BASE, kw_only=True)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read a combination from a row of a table that has its fields as columns."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})

    @classmethod
    def from_folder(cls, folder: str) -> "Combination":
        """Parse a path of the form of ``folder``; raises ``UserError`` for any other path."""
        return Run.from_folder(f"{folder}/seed0").combination

    def run(self, seed: int) -> "Run":
        """The run of this combination with one seed."""
        return Run(seed=seed, **{name: getattr(self, name) for name in COMBINATION})

    @property
    def data(self) -> str:
        """``"twitter2017"``, or ``"twitter2017 (nonword)"`` if a filter is used."""
        return data_label(self.dataset, self.filter)

    @property
    def encoders(self) -> str:
        """``"minilm+vit"``, or the one encoder that is used."""
        return encoders_label(self.text_encoder, self.image_encoder)

    @property
    def model(self) -> str:
        """``"minilm+vit linear"``, followed by the variant unless it is ``BASE``."""
        return f"{self.encoders} {self.system.replace('+', ' ')}"

    @property
    def system(self) -> str:
        """``"linear+crf"``: the fusion, followed by the variant unless it is ``BASE``."""
        return self.fusion if self.variant == BASE else f"{self.fusion}+{self.variant}"

    @property
    def folder(self) -> str:
        """The folder of its runs below ``results/runs``, with one subfolder per seed."""
        return f"{self.dataset}/{self.filter}/{self.text_encoder}+{self.image_encoder}/{self.system}"


@dataclass(frozen=True, order=True)
class Run(Combination):
    """One training run: a combination and a seed."""

    seed: int

    @classmethod
    def from_folder(cls, folder: str | Path) -> Self:
        """Parse a path that ends in ``<dataset>/<filter>/<text>+<image>/<fusion>+<variant>/seed<k>``.

        The variant ``BASE`` is not written. Raises ``UserError`` for any other path.
        """
        parts = r"([^/]+)/([^/]+)/([^/+]+)\+([^/+]+)/([^/+]+)(?:\+([^/+]+))?/seed(\d+)"
        found = re.fullmatch(rf"(?:.*/)?{parts}", str(folder))
        if not found:
            raise UserError(
                f"{folder}: no folder of a run. Name one that ends in "
                "<dataset>/<filter>/<text>+<image>/<fusion>+<variant>/seed<k>."
            )
        dataset, filter_name, text, image, fusion, variant, seed = found.groups()
        return cls(dataset, filter_name, text, image, fusion, int(seed), variant=variant or BASE)

    @classmethod
    def named(cls, names: Mapping[str, str]) -> Self:
        """The run with this ``dataset``, ``filter``, ``text``, ``image``, ``system`` and ``seed``."""
        return cls.from_folder("{dataset}/{filter}/{text}+{image}/{system}/seed{seed}".format(**names))

    @property
    def names(self) -> dict[str, str | int]:
        """Its names as in a ``Record``."""
        return {
            "dataset": self.dataset,
            "filter": self.filter,
            "text": self.text_encoder,
            "image": self.image_encoder,
            "fusion": self.fusion,
            "variant": self.variant,
            "seed": self.seed,
        }

    @property
    def path(self) -> str:
        """Its folder below ``results/runs``."""
        return f"{self.folder}/seed{self.seed}"

    @property
    def combination(self) -> Combination:
        """What it shares with the same run of other seeds."""
        return Combination(**{name: getattr(self, name) for name in COMBINATION})


COMBINATION = tuple(field.name for field in fields(Combination))


def data_label(dataset: str, filter_name: str) -> str:
    """A data set and its filter, for a reader."""
    return dataset if filter_name == FILTERS_OFF else f"{dataset} ({filter_name})"


def encoders_label(text_encoder: str, image_encoder: str) -> str:
    """The encoders that are used, for a reader; one that reads both text and image is named once."""
    return "+".join(dict.fromkeys(name for name in (text_encoder, image_encoder) if name != NONE))
