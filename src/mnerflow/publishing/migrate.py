"""Bring results that an earlier version made up to date: names and records; predictions stay as they are."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from mnerflow.errors import UserError
from mnerflow.files import read_text, sha256, write_text
from mnerflow.plan.names import BASE, Run
from mnerflow.publishing.checksums import SUMS, read_sums, sums_text
from mnerflow.record import RECORD
from mnerflow.yaml_file import read_yaml

# What the shipped configurations called fusions, before there were variants of `text_only`.
VARIANTS = {
    **{"text_crf": "crf", "text_long": "long", "text_weighted": "weighted"},
    **{"caption": "caption", "caption_crf": "crf_caption"},
    **{name: name for name in ("pretrained_2015", "pretrained_2017")},
}


def _code(record: dict[str, Any]) -> None:
    """The commit stood alone, ``-dirty`` appended, before there were fingerprints of modules beside it."""
    if "git_commit" in record:
        commit = record.pop("git_commit") or ""
        record["code"] = {"commit": commit.removesuffix("-dirty") or None, "dirty": commit.endswith("-dirty")}


def _variant(record: dict[str, Any]) -> None:
    """A fusion's name said what else told runs apart, before there were variants."""
    if "variant" in record:
        return
    name, config = record["fusion"], record["config"]
    record["variant"] = BASE
    if "fusion" not in config:  # of a rival
        return
    kind, captions = config["fusion"]["kind"], config.pop("captions")
    config["contexts"] = ["caption"] if captions else []
    if name != kind:
        record["fusion"], record["variant"] = kind, VARIANTS.get(name, name)
    if start := config["init_from"]:
        config["init_from"] = renamed = _renamed(start)
        weights = record["weights_sha256"]
        record["weights_sha256"] = {renamed if file == start else file: weights[file] for file in weights}


def _decoder(record: dict[str, Any]) -> None:
    """A decoder is a part with options, and owns its head, which learnt at the fusion's rate before."""
    config = record["config"]
    if not isinstance(kind := config.get("decoder"), str):
        return
    training = config["training"]
    rates = training["learning_rate"]
    if kind == "crf" and rates["fusion"] != rates["decoder"]:
        raise UserError(
            "a CRF's head and transitions learnt at two rates, and are one decoder now. Remove the run's "
            "folder; it is trained anew."
        )
    options = {name: value for name in ("class_weights", "focal") if (value := training.pop(name, 0.0))}
    config["decoder"] = {"kind": kind, "options": options, "weights": None}
    rates["decoder"] = rates["fusion"]


def _processes(record: dict[str, Any]) -> None:
    """A run could be trained by several processes, and was by one."""
    if record["config"].get("training", {}).pop("processes", 1) != 1:
        raise UserError("several processes trained it. Remove the run's folder; it is trained anew by one.")


def _renamed(model: str) -> str:
    """The path of a run's model, its variant named as today."""
    *folders, system, seed, file = model.split("/")
    return "/".join([*folders, f"text_only+{VARIANTS.get(system, system)}", seed, file])


# What changed in records, the oldest first; each step leaves a newer record as it is.
STEPS: tuple[Callable[[dict[str, Any]], None], ...] = (_code, _variant, _decoder, _processes)


def migrate(folder: Path) -> tuple[int, int]:
    """Rewrite each ``run.yaml`` below ``folder/runs`` that is older, and move its run to where it belongs.

    Checksums that a published folder lists follow. Returns how many records were older, and of how many.
    Raises ``UserError`` when a record is none, is not what the checksums say, or its new place is taken.
    """
    files = sorted((folder / "runs").rglob(RECORD))
    if not files:
        raise UserError(f"{folder}: holds no runs. Name a folder of results, as `results`.")
    listed = folder / SUMS
    sums = read_sums(folder, read_text(listed)) if listed.exists() else {}
    older = [plan for file in files if (plan := _planned(file, folder, sums))]
    if listed.exists():
        # First, so that a migration that was killed goes on from what they say.
        write_text(listed, sums_text(dict(_renewed(sums, folder, older))))
    for file, text, place in older:
        write_text(file, text)
        if place != file.parent:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(file.parent, place)
            if not any(file.parent.parent.iterdir()):
                file.parent.parent.rmdir()
    return len(older), len(files)


def _planned(file: Path, folder: Path, sums: dict[str, str]) -> tuple[Path, str, Path] | None:
    """A record's file, its text as it is written today and its run's folder; ``None`` where both are so."""
    as_listed = not sums or sums.get(_name(file, folder)) == sha256(file)
    advice = "Remove its folder." if as_listed else f"It changed since {SUMS} was written: fetch it again."
    record = read_yaml(file, "record of a run", advice)
    before = yaml.safe_dump(record)
    try:
        for step in STEPS:
            step(record)
        place = folder / "runs" / _run(record).path
    except UserError as error:
        raise UserError(f"{file}: {error}") from error
    except (TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{file}: no record of a run ({error!r}). {advice}") from error
    text = yaml.safe_dump(record, sort_keys=False, allow_unicode=True)
    if not as_listed and sums.get(_name(place / RECORD, folder)) != _sha256_of(text):
        raise UserError(f"{file}: not what {SUMS} lists. {advice}")
    if yaml.safe_dump(record) == before and place == file.parent:
        return None
    if place != file.parent and place.exists():
        raise UserError(
            f"{file.parent}: belongs to {place} today, where another run lies. Remove one of the two."
        )
    return file, text, place


def _renewed(
    sums: dict[str, str], folder: Path, older: list[tuple[Path, str, Path]]
) -> Iterator[tuple[str, str]]:
    """The checksums once the older records are rewritten and their runs moved."""
    moved = {_name(file.parent, folder): _name(place, folder) for file, _, place in older}
    written = {_name(place / RECORD, folder): _sha256_of(text) for _, text, place in older}
    for name, digest in sums.items():
        before = next((str(above) for above in Path(name).parents if str(above) in moved), None)
        name = name if before is None else moved[before] + name.removeprefix(before)
        yield name, written.get(name, digest)


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _run(record: dict[str, Any]) -> Run:
    names = {
        key: str(record[key]) for key in ("dataset", "filter", "text", "image", "fusion", "variant", "seed")
    }
    system = names["fusion"] if names["variant"] == BASE else f"{names['fusion']}+{names['variant']}"
    return Run.named(names | {"system": system})
