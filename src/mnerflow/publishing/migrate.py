"""Update the results of an earlier version: names, records and files; the predictions stay the same."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mnerflow.errors import UserError
from mnerflow.files.checksums import sha256
from mnerflow.files.reading import read_text
from mnerflow.files.writing import atomic_path, write_text
from mnerflow.plan.names import BASE, Run
from mnerflow.publishing.checksums import SUMS, read_sums, sums_text
from mnerflow.publishing.older_predictions import merged, merged_name, older_files
from mnerflow.record import RECORD
from mnerflow.yaml_file import read_yaml, yaml_text

# Variants of `text_only`, by their names as fusions in earlier shipped configurations.
VARIANTS = {
    **{"text_crf": "crf", "text_long": "long", "text_weighted": "weighted"},
    **{"caption": "caption", "caption_crf": "crf_caption"},
    **{name: name for name in ("pretrained_2015", "pretrained_2017")},
}


def _code(record: dict[str, Any]) -> None:
    """A record once had only a commit, with ``-dirty`` appended; now it also has fingerprints of modules."""
    if "git_commit" in record:
        commit = record.pop("git_commit") or ""
        record["code"] = {"commit": commit.removesuffix("-dirty") or None, "dirty": commit.endswith("-dirty")}


def _variant(record: dict[str, Any]) -> None:
    """Before there were variants, the name of a fusion included whatever else distinguished the run."""
    if "variant" in record:
        return
    name, config = record["fusion"], record["config"]
    record["variant"] = BASE
    if "fusion" not in config:  # a rival's record
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
    """A decoder is now a part with options and its own head, which once learnt at the fusion's rate."""
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
    """Runs could once be trained by several processes; only those of one process can be migrated."""
    if record["config"].get("training", {}).pop("processes", 1) != 1:
        raise UserError("several processes trained it. Remove the run's folder; it is trained anew by one.")


def _renamed(model: str) -> str:
    """The path of a run's model, with today's name of its variant."""
    *folders, system, seed, file = model.split("/")
    return "/".join([*folders, f"text_only+{VARIANTS.get(system, system)}", seed, file])


# Changes in the form of records, oldest first; each step leaves a newer record as it is.
STEPS: tuple[Callable[[dict[str, Any]], None], ...] = (_code, _variant, _decoder, _processes)


@dataclass(frozen=True, slots=True)
class _Older:
    """An older run.

    Attributes:
        file: file of the record.
        text: the record in today's form.
        place: today's folder of the run.
        predictions: files of predictions, which are merged into ``merged`` in their folder.
    """

    file: Path
    text: str
    place: Path
    predictions: list[Path]

    @property
    def merged(self) -> Path | None:
        return self.file.with_name(merged_name(self.predictions)) if self.predictions else None


def migrate(folder: Path) -> tuple[int, int]:
    """Rewrite each older ``run.yaml`` below ``folder/runs``, merge its predictions, and move its run.

    The checksums of a published folder are updated. Returns how many runs were older, and the number of all
    runs. Raises ``UserError`` when a record is malformed, a file does not match its checksum, or the new
    folder of a run already exists.
    """
    files = sorted((folder / "runs").rglob(RECORD))
    if not files:
        raise UserError(f"{folder}: holds no runs. Name a folder of results, as `results`.")
    listed = folder / SUMS
    sums = read_sums(folder, read_text(listed)) if listed.exists() else {}
    older = [plan for file in files if (plan := _planned(file, folder, sums))]
    if listed.exists():
        # Written first, so that an interrupted migration can continue from them.
        write_text(listed, sums_text(_renewed(sums, folder, older)))
    for run in older:
        write_text(run.file, run.text)
        if run.merged and not run.merged.exists():
            with atomic_path(run.merged) as temporary:
                temporary.write_bytes(merged(run.predictions))
        for file in run.predictions:
            file.unlink()
        if run.place != run.file.parent:
            run.place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(run.file.parent, run.place)
            if not any(run.file.parent.parent.iterdir()):
                run.file.parent.parent.rmdir()
    return len(older), len(files)


def _planned(file: Path, folder: Path, sums: dict[str, str]) -> _Older | None:
    """What is to be done for a run; ``None`` if it is up to date."""
    changed = f"It changed since {SUMS} was written: fetch it again."
    as_listed = not sums or sums.get(_name(file, folder)) == sha256(file)
    advice = "Remove its folder." if as_listed else changed
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
    text = yaml_text(record)
    if not as_listed and sums.get(_name(place / RECORD, folder)) != _sha256_of(text.encode()):
        raise UserError(f"{file}: not what {SUMS} lists. {advice}")
    run = _Older(file, text, place, older_files(file.parent))
    if yaml.safe_dump(record) == before and place == file.parent and not run.predictions:
        return None
    if place != file.parent and place.exists():
        raise UserError(
            f"{file.parent}: belongs to {place} today, where another run lies. Remove one of the two."
        )
    if sums and run.merged and not run.merged.exists():
        wrong = [one for one in run.predictions if sums.get(_name(one, folder)) != sha256(one)]
        begun = sums.get(_name(place / run.merged.name, folder))
        if wrong and begun != _sha256_of(merged(run.predictions)):
            raise UserError(f"{wrong[0]}: not what {SUMS} lists. {changed}")
    return run


def _renewed(sums: dict[str, str], folder: Path, older: list[_Older]) -> dict[str, str]:
    """The checksums after older records are rewritten, predictions merged and runs moved."""
    renewed = dict(sums)
    for run in older:
        here, there = (f"{_name(place, folder)}/" for place in (run.file.parent, run.place))
        for one in run.predictions:
            renewed.pop(_name(one, folder), None)
        for name in [name for name in renewed if name.startswith(here)]:
            renewed[there + name.removeprefix(here)] = renewed.pop(name)
        renewed[there + RECORD] = _sha256_of(run.text.encode())
        if run.merged and not run.merged.exists():
            renewed[there + run.merged.name] = _sha256_of(merged(run.predictions))
    return renewed


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _run(record: dict[str, Any]) -> Run:
    names = {
        key: str(record[key]) for key in ("dataset", "filter", "text", "image", "fusion", "variant", "seed")
    }
    system = names["fusion"] if names["variant"] == BASE else f"{names['fusion']}+{names['variant']}"
    return Run.named(names | {"system": system})
