"""Whose variances between seeds are pooled: systems whose seeds vary alike, whatever else a grid contains."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from mnerflow.plan.names import NONE, Combination
from mnerflow.plan.variants import fraction_of, variants

Pool = tuple[str | float, ...]


@dataclass(frozen=True, slots=True)
class SeedPools:
    """The pools of a configuration's systems.

    A pool contains the systems of a data set and filter that learn from the same share of its training posts.
    Systems that do not read the text have pools of their own, and so does each rival, which is not trained.

    Attributes:
        rivals: names of the rivals.
        shares: share of the training posts by variant; 1 for variants that are not named.
    """

    rivals: Collection[str] = ()
    shares: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, config: dict[str, Any]) -> Self:
        """The pools of a configuration."""
        shares = {name: fraction_of(config, name) for name in variants(config)}
        return cls([*config.get("rivals", {})], shares)

    def pool(self, one: Combination) -> Pool:
        """The pool of a combination."""
        return one.dataset, one.filter, self.rival(one), one.text_encoder == NONE, self.share(one)

    def rival(self, one: Combination) -> str:
        """The name of the rival, or ``""`` for a combination that is trained."""
        return one.text_encoder if one.text_encoder in self.rivals else ""

    def share(self, one: Combination) -> float:
        """The share of the training posts that a combination learns from."""
        return self.shares.get(one.variant, 1.0)
