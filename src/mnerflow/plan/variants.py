"""Variants: what distinguishes runs of one fusion, including what each variant is based on."""

from itertools import product
from typing import Any

from mnerflow.conditions import IMAGE, Condition
from mnerflow.errors import UserError, check_known
from mnerflow.plan.names import BASE, NONE, Combination


def variants(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The variants by name, including ``BASE``."""
    return {BASE: {}} | config.get("variants", {})


def systems(config: dict[str, Any]) -> set[str]:
    """Each fusion with each variant, named as in ``Combination.system``."""
    names = product(config["fusions"], variants(config))
    return {fusion if variant == BASE else f"{fusion}+{variant}" for fusion, variant in names}


def variant_chain(config: dict[str, Any], variant: str) -> list[dict[str, Any]]:
    """The entries that make up a variant: those that it is ``based_on``, from the first on, then its own.

    Raises ``UserError`` for a name that is not configured and for a circle.
    """
    known, names = variants(config), [variant]
    while based_on := known[names[0]].get("based_on"):
        check_known([based_on], known, f"variants.{names[0]}.based_on")
        if based_on in names:
            raise UserError(
                f"variants.{names[0]}.based_on: variants that rest on each other. Break the circle."
            )
        names.insert(0, based_on)
    return [known[name] for name in names]


def setting(config: dict[str, Any], variant: str, name: str) -> Any:
    """What a variant, or else the nearest one that it is based on, sets for ``name``, such as ``decoder``."""
    values = [entry[name] for entry in variant_chain(config, variant) if name in entry]
    return values[-1] if values else None


def contexts_of(config: dict[str, Any], variant: str) -> list[str]:
    """The contexts that a variant reads in addition to the text, in order."""
    return [name for entry in variant_chain(config, variant) for name in entry.get("contexts", [])]


def fraction_of(config: dict[str, Any], variant: str) -> float:
    """The share of the training posts that a variant learns from."""
    return setting(config, variant, "train_fraction") or 1.0


def curve_of(config: dict[str, Any], variant: str) -> str:
    """The variant on whose learning curve this one is a point; without ``train_fraction``, itself."""
    entry = variants(config)[variant]
    return curve_of(config, entry.get("based_on", BASE)) if "train_fraction" in entry else variant


def sources_of(config: dict[str, Any], combination: Combination) -> list[str]:
    """What a run reads in addition to the text: its image, and contexts by name."""
    image = [IMAGE] if combination.image_encoder != NONE else []
    return [*image, *contexts_of(config, combination.variant)]


def altered_sources(config: dict[str, Any], variant: str) -> list[str]:
    """The sources that are shuffled or blank in training; empty unless the variant is a matched control."""
    return [Condition.named(name).source for name in setting(config, variant, "train_with") or []]


def control_variants(config: dict[str, Any]) -> list[str]:
    """The variants that are matched controls, whose scores are not compared with results of other work."""
    return [name for name in variants(config) if altered_sources(config, name)]


def starts_from(config: dict[str, Any], system: str) -> dict[str, Any]:
    """The ``init_from`` of the variant of a system, ``<fusion>+<variant>``."""
    return setting(config, system.partition("+")[2] or BASE, "init_from")
