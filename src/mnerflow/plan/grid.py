"""The grid of runs that a configuration asks for, and the runs that these runs start from."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from mnerflow.code import signature
from mnerflow.config.configuration import Block
from mnerflow.errors import UserError, check_known, suggest
from mnerflow.plan.encoders import ENCODERS, encoders_in
from mnerflow.plan.names import NONE, Run
from mnerflow.plan.variants import altered_sources, contexts_of, setting, sources_of, variants
from mnerflow.registry import kind_of


def expand(config: dict[str, Any]) -> list[Run]:
    """All runs of the configuration's ``grid``, each once, sorted.

    A block of the grid is the product of its lists. An encoder that a fusion does not use is ``none``, so
    unimodal fusions are not multiplied by it. A vision-language encoder is used in addition to the pairs of a
    text encoder and an image encoder. A variant that is trained with sources shuffled or blank is combined
    only with runs that read all these sources. Raises ``UserError`` for a name that is not configured, for
    contexts without the text, and for shuffled or blank sources that no run reads.
    """
    runs: set[Run] = set()
    for number, block in enumerate(config["grid"], start=1):
        runs.update(block_runs(config, Block(**block), f"grid, block {number}"))
    return sorted(runs)


def block_runs(config: dict[str, Any], block: Block, place: str) -> list[Run]:
    """The runs of one block, see ``expand``; an error names its ``place`` in the configuration."""
    known = config | {"variants": variants(config)}
    for name in ("datasets", *ENCODERS, "fusions", "variants"):
        check_known(getattr(block, name), known.get(name, {}), f"{place}.{name}")
    runs = [*_product(config, block, place)]
    for variant in block.variants:
        if altered := altered_sources(config, variant):
            reads = {run: sources_of(config, run) for run in runs if run.variant == variant}
            without = {run for run, sources in reads.items() if not {*altered} <= {*sources}}
            if len(without) == len(reads):
                read = {source for sources in reads.values() for source in sources}
                lacking = [source for source in altered if source not in read] or altered
                raise UserError(
                    f"{place}: the variant {variant!r} is trained with altered sources, "
                    f"{' and '.join(lacking)}, which no run here reads{suggest(lacking[0], read)}. Add one "
                    "that does, or leave the variant out."
                )
            runs = [run for run in runs if run not in without]
    return runs


def _product(config: dict[str, Any], block: Block, place: str) -> Iterator[Run]:
    for fusion in block.fusions:
        pairs = _pairs(block, fusion, inputs_of(config, fusion), place)
        parts = product(block.datasets, block.filters, pairs, block.seeds, block.variants)
        for dataset, chosen, (text, image), seed, variant in parts:
            if text == NONE and contexts_of(config, variant):
                raise UserError(
                    f"{place}: the variant {variant!r} reads contexts beside the text, which {fusion!r} does "
                    "not read. Put one of the two into another block."
                )
            yield Run(dataset, chosen, text, image, fusion, seed, variant=variant)


def _pairs(block: Block, fusion: str, inputs: tuple[str, ...], place: str) -> list[tuple[str, str]]:
    """The text and image encoders of a block's runs of one fusion, given the ``inputs`` that it fuses."""
    texts, images, both = (getattr(block, name) for name in ENCODERS)
    if inputs == ("joint",):
        pairs, needed = [(name, name) for name in both], "vision_language_encoders"
    elif inputs == ("text",):
        pairs, needed = [(name, NONE) for name in (*texts, *both)], "text_encoders"
    elif inputs == ("image",):
        pairs, needed = [(NONE, name) for name in images], "image_encoders"
        if both and not images:
            needed += " (a vision-language encoder reads no image without a text)"
    else:
        pairs = [*product(texts, images), *((name, name) for name in both)]
        needed = "image_encoders" if texts else "text_encoders"
    if not pairs:
        raise UserError(f"{place}: the fusion {fusion!r} needs {needed}. Add some to the block.")
    return pairs


def inputs_of(config: dict[str, Any], fusion: str) -> tuple[str, ...]:
    """What a fusion fuses: ``text``, ``image`` or both, or ``joint``, what one encoder has read of both."""
    return signature.fusion_inputs(kind_of(fusion, config["fusions"][fusion])) or ("text", "image")


def starting_runs(config: dict[str, Any], run: Run) -> list[Run]:
    """The run that this one starts from, then that run's own start, and so on; empty for most runs.

    ``init_from`` of their variants names these runs. They have the same encoders as this one, as far as they
    use them. Raises ``UserError`` for an unknown name, for an encoder that this run lacks and for a circle.
    """
    found: list[Run] = []
    while start := setting(config, run.variant, "init_from"):
        place = f"variants.{run.variant}.init_from"
        block = Block(
            datasets=[start["dataset"]],
            filters=[run.filter],
            fusions=[start.get("fusion", run.fusion)],
            variants=[start["variant"]],
            seeds=[run.seed],
            **encoders_in(config, run),
        )
        [run] = block_runs(config, block, place)
        if run in found:
            raise UserError(f"{place}: runs that start from each other. Break the circle.")
        found.append(run)
    return found
