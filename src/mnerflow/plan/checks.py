"""Check a planned grid before anything runs, to report what is missing at once and not after an hour."""

import time
from collections import Counter
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from pathlib import Path
from typing import Any

from mnerflow.code.signature import options_class
from mnerflow.conditions import IMAGE, Condition
from mnerflow.config import build
from mnerflow.data.contexts import context_files
from mnerflow.data.filters import steps_of
from mnerflow.data.formats import brings_contexts, holds_images, holds_split
from mnerflow.data.sources import check_name, identity_of
from mnerflow.errors import UserError, check_known, listed, suggest
from mnerflow.files.paths import each_file_below, expanded
from mnerflow.files.reading import reading
from mnerflow.plan.datasets import split_files
from mnerflow.plan.encoders import ENCODERS, encoders
from mnerflow.plan.names import BASE, FILTERS_OFF, NONE, Run
from mnerflow.plan.settings import decoder_of, run_config
from mnerflow.plan.variants import contexts_of, curve_of, fraction_of, variant_chain, variants
from mnerflow.registry import check_part, kind_of, names_in

CLOCKS_DIFFER = 60  # seconds that the clocks of machines with a shared file system may differ


def check_plan(config: dict[str, Any], runs: Iterable[Run], rivals: Iterable[Run] = ()) -> None:
    """Raise ``UserError`` for a name without a module in the library, or a folder that lacks a file.

    Parts are also checked where no run uses them, so that a mistake shows when it is made.
    ``rivals`` are runs that are asked instead of trained, so only their data is checked.
    """
    check_known(config.get("filters", {}), names_in("data.filters"), "filters")
    for name in config.get("filters", {}):
        steps_of(name, config["filters"])
    _check_encoders(config)
    _check_datasets(config)
    _check_fusions(config)
    _check_variants(config)
    runs = list(runs)
    for run in {(run.dataset, run.filter, run.image_encoder): run for run in (*runs, *rivals)}.values():
        _check_data(config, run)
    for run in {run.combination: run for run in runs}.values():
        _check_contexts(config, run)
        run_config(config, run)  # raises for settings that contradict each other


def check_clock(folders: Iterable[str]) -> None:
    """Raise ``UserError`` if a file in ``folders`` has a time in the future.

    Snakemake discards the outputs of a job when an input is newer, even after hours of training.
    """
    for file in (file for folder in folders for file in each_file_below(Path(folder))):
        try:
            ahead = file.stat().st_mtime - time.time()
        except FileNotFoundError:  # another process has renamed it
            continue
        if ahead > CLOCKS_DIFFER:
            raise UserError(
                f"{file}: written {ahead:.0f} s in the future: the clock went back, or another "
                f"machine's is ahead. Set it right, or `touch {file}`."
            )


def _check_encoders(config: dict[str, Any]) -> None:
    """Check names, sources and options of encoders, and that estimates name one of them."""
    for one, other in combinations(ENCODERS, 2):
        for name in config.get(one, {}).keys() & config.get(other, {}).keys():
            raise UserError(
                f"{name!r} stands in {one} and {other}, whose weights would lie in one folder. Rename one of "
                "the two."
            )
    for estimates in ("core_hours", "gigabytes"):
        check_known(config.get(estimates, {}), encoders(config), estimates)
    for entry in encoders(config).values():
        expanded(entry.get("source", "").removeprefix("path:"))
    pretrained = ("transformer", "language_model", "vision_language_model")
    for section in ENCODERS:
        for name, entry in config.get(section, {}).items():
            kind = kind_of(name, entry)
            check_part(f"models.{section}", kind, f"{section}.{name}.kind")
            if kind in pretrained and "source" not in entry:
                raise UserError(f"{section}.{name}: it needs pretrained weights. Give it a `source`.")
            _check_options(section, kind, entry.get("options", {}), f"{section}.{name}.options")
    for name, entry in config["image_encoders"].items():
        if entry.get("frozen") and "source" not in entry:
            raise UserError(
                f"image_encoders.{name}: frozen, but without a `source` its weights are random. Add one, or "
                "train it."
            )


def _check_datasets(config: dict[str, Any]) -> None:
    """Check what the entries of data sets say about each other."""
    for name, entry in config["datasets"].items():
        others = {other: None for other in config["datasets"] if other != name}
        check_known(entry.get("without", []), others, f"datasets.{name}.without")
        known = entry.get("contexts", {})
        for context in {*entry.get("contexts_from_text", [])} - known.keys():
            if near := suggest(context, known):  # others may come with the posts
                said = f"datasets.{name}.contexts_from_text: {context!r} is no context{near}"
                raise UserError(f"{said}. Correct the name.")
        if owner := entry.get("images_of"):
            check_known([owner], others, f"datasets.{name}.images_of")
            if "fit" in entry or "images_of" in config["datasets"][owner]:
                raise UserError(
                    f"datasets.{name}.images_of: its images are decoded as {owner}'s own. Leave `fit` to "
                    f"{owner}, and name a data set that reads its own."
                )
    try:
        left_out = {name: entry.get("without", []) for name, entry in config["datasets"].items()}
        TopologicalSorter(left_out).prepare()
    except CycleError as error:
        raise UserError(
            f"datasets: {', '.join(error.args[1])}: by `without`, the posts of each are left out of the "
            "next. Break the circle."
        ) from error
    poner = [entry["poner"] for entry in config["datasets"].values() if "poner" in entry]
    if len({(identity_of(entry), entry["folder"], entry.get("mirror")) for entry in poner}) > 1:
        raise UserError(
            "datasets: PONER has one archive. Give every `poner` the same url, folder and mirror."
        )


def _check_fusions(config: dict[str, Any]) -> None:
    for name, entry in config["fusions"].items():
        kind = kind_of(name, entry)
        check_part("models.fusions", kind, f"fusions.{name}.kind")
        _check_options("fusions", kind, entry.get("options", {}), f"fusions.{name}.options")


def _check_variants(config: dict[str, Any]) -> None:
    """Check decoders, and that no variant contradicts the one that it is based on."""
    if config.get("variants", {}).get(BASE):
        raise UserError(f"variants.{BASE}: it is the variant that changes nothing. Choose another name.")
    for name in variants(config):
        _check_control(config, name)
        decoder, place = decoder_of(config, name), f"variants.{name}.decoder"
        check_part("models.decoders", decoder["kind"], place)
        _check_options("decoders", decoder["kind"], decoder["options"], f"{place}.options")
        chain, contexts = variant_chain(config, name), contexts_of(config, name)
        if twice := [context for context, count in Counter(contexts).items() if count > 1]:
            raise UserError(
                f"variants.{name}.contexts: what it is based on reads {listed(twice)} already. Name only "
                "what it reads besides."
            )
        if IMAGE in contexts:  # conditions and baselines would mistake it for the picture
            raise UserError(
                f"variants.{name}.contexts: {IMAGE!r} means a post's picture. Give the context another name."
            )
        if "context_length" in chain[-1] and not contexts:
            raise UserError(
                f"variants.{name}.context_length: it reads no contexts. Name some, or leave it out."
            )
        if "contexts" in chain[-1] and (changed := _besides_contexts(chain[-1])):
            raise UserError(
                f"variants.{name}: it adds contexts to the variant that it is based on, to show what they "
                f"are worth. Give {listed(changed)} to a variant of its own, and base this one on it."
            )
        besides = chain[-1].keys() - {"based_on", "train_fraction", "training"}
        if "train_fraction" in chain[-1] and besides:
            raise UserError(
                f"variants.{name}: with `train_fraction` it is a point on the learning curve of the variant "
                "that it is based on, and may differ from it in training alone. Give "
                f"{listed(sorted(besides))} to a variant of its own, and base this one on it."
            )
    _check_learning_curves(config)


def _check_learning_curves(config: dict[str, Any]) -> None:
    """Raise ``UserError`` if two variants are the same point on a learning curve."""
    points: dict[tuple[str, float], str] = {}
    for name in variants(config):
        other = points.setdefault((curve_of(config, name), fraction_of(config, name)), name)
        if other != name:
            raise UserError(
                f"variants.{name}: it is the same point on a learning curve as {other!r}. Leave one of them "
                "out, or give its other settings to a variant of its own, and base it on that."
            )


def _besides_contexts(entry: dict[str, Any]) -> list[str]:
    """What a variant that adds contexts also changes; learning rates may be found for it by a search."""
    training = sorted(entry.get("training", {}).keys() - {"learning_rate"})
    others = entry.keys() - {"based_on", "contexts", "context_length", "training", "train_fraction"}
    return sorted(others) + [f"training.{key}" for key in training]


def _check_control(config: dict[str, Any], name: str) -> None:
    """Raise ``UserError`` if a control differs from its variant in more than shuffled or blank sources."""
    entry, place = variants(config)[name], f"variants.{name}"
    based_on = entry.get("based_on", BASE)
    if "train_with" in variants(config).get(based_on, {}):
        raise UserError(
            f"{place}.based_on: {based_on!r} is a control, trained with altered sources, and nothing can "
            "rest on it. Base it on another variant."
        )
    if "train_with" not in entry:
        return
    if others := sorted(entry.keys() - {"based_on", "train_with"}):
        raise UserError(
            f"{place}: a control differs in nothing but `train_with` from the variant that it is based on. "
            f"Put {listed(others)} into a variant of its own, and name that in `based_on`."
        )
    if len({Condition.named(condition).change for condition in entry["train_with"]}) > 1:
        raise UserError(
            f"{place}.train_with: sources are all shuffled, or all blank. Write two variants for the two."
        )
    for other, its in variants(config).items():
        same = its.get("based_on", BASE) == based_on and {*its.get("train_with", [])} == {
            *entry["train_with"]
        }
        if same and other != name:
            raise UserError(f"{place}: it trains the same as variants.{other}. Remove one of the two.")


def _check_data(config: dict[str, Any], run: Run) -> None:
    """Check a run's data set and filter, and the files of a user's own folder."""
    entry = config["datasets"][run.dataset]
    check_part("data.formats", entry["format"], f"datasets.{run.dataset}.format")
    for name, context in context_files(entry).items():
        check_part("data.contexts", context.format, f"datasets.{run.dataset}.contexts.{name}")
    if run.filter != FILTERS_OFF:
        steps_of(run.filter, config.get("filters", {}))
    if "folder" in entry:
        with reading(entry["folder"]):
            _check_folder(entry, run)


def _check_contexts(config: dict[str, Any], run: Run) -> None:
    """Check the contexts that a run reads; those that posts may bring are checked when training starts."""
    entry = config["datasets"][run.dataset]
    known = context_files(entry)
    lacking = [name for name in contexts_of(config, run.variant) if name not in known]
    if lacking and not brings_contexts(entry["format"]):
        raise UserError(
            f"variants.{run.variant} reads the context {lacking[0]!r}, which {run.dataset} does not have"
            f"{suggest(lacking[0], known)}. Known: {', '.join(known) or 'none'}. Name its file in "
            f"datasets.{run.dataset}.contexts, or leave the variant out there."
        )


def _check_options(package: str, kind: str, options: dict[str, Any], place: str) -> None:
    """Check the options of a part, as far as its file shows them without being run."""
    if known := options_class(package, kind):
        build(known, options, place)


def _check_folder(entry: dict[str, Any], run: Run) -> None:
    folder = Path(entry["folder"])
    check_name(folder)
    contexts = (context for context in context_files(entry).values() if not context.asked)
    splits = {name for name in split_files(entry) if not holds_split(entry["format"], folder / name)}
    for name in [*sorted(splits), *(name for context in contexts for name in context.files)]:
        if not (folder / name).is_file():
            raise UserError(
                f"{folder / name}: no such file. Put it there, or correct `folder`, `splits` or `contexts` "
                f"of datasets.{run.dataset}."
            )
    reads_images = run.image_encoder != NONE and "images_of" not in entry
    # Last, since it opens tables.
    if (
        reads_images
        and not (folder / "images").is_dir()
        and not holds_images(entry["format"], [folder / name for name in split_files(entry)])
    ):
        raise UserError(
            f"{folder / 'images'}: no such folder, but the grid asks for images of {run.dataset}. "
            "Put them there, or leave the fusions that read images out."
        )
