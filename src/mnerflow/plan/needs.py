"""What runs need, as far as a configuration estimates it for their encoders: core hours and disk space."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnerflow.config.configuration import value_of
from mnerflow.data.post import SPLITS
from mnerflow.errors import UserError, quantity
from mnerflow.plan import layout
from mnerflow.plan.encoders import encoders
from mnerflow.plan.names import FILTERS_OFF, NONE, Run
from mnerflow.plan.settings import images_of, run_config

# Assumed numbers of posts in a data set whose posts have not been counted yet.
GUESS = {"train": 5000, "dev": 1000, "test": 1000}
# Bytes of patch vectors per byte of their pixels: for ViT-Base, 2 × 197 × 768 compared with 224 × 224 × 3.
FEATURES = 2


@dataclass(frozen=True)
class Needs:
    """What ``runs`` need: ``hours`` of one core without a GPU, and ``gigabytes`` of disk, each by consumer.

    ``guessed`` are the data sets whose posts have not been counted yet.
    """

    runs: Sequence[Run]
    hours: Counter[str]
    gigabytes: Counter[str]
    guessed: Sequence[str]

    def sentences(self, free: float) -> str:
        """The needs for a reader, with the gigabytes that are ``free``; empty if both needs are below 1."""
        if max(self.hours.total(), self.gigabytes.total()) < 1:
            return ""
        said = f"{quantity(len(self.runs), 'run is', 'runs are')} to be trained"
        if self.hours:
            hours = quantity(round(self.hours.total()), "hour")
            said += f": at most {hours} of one core without a GPU ({_parts(self.hours)})"
        said += f". Besides pretrained weights they take about {self.gigabytes.total():,.0f} GB of disk"
        said += f" ({_parts(self.gigabytes)}); {free:,.0f} GB are free."
        if self.guessed:
            said += (
                f" Posts of {', '.join(self.guessed)} are not counted yet: {GUESS['train']:,} are assumed."
            )
        if self.gigabytes.total() > free:
            said += " That does not fit: free some, or set `keep_weights` to best or none."
        return said


def needs_of(config: dict[str, Any], runs: Iterable[Run]) -> Needs:
    """What it takes to train ``runs``, keep the weights that ``keep_weights`` keeps, and read images.

    Hours are those of all epochs; most runs stop earlier.
    """
    runs = sorted(runs)
    images = {
        (images_of(config, run.dataset), run.image_encoder) for run in runs if run.image_encoder != NONE
    }
    datasets = {run.dataset for run in runs} | {dataset for dataset, _ in images}
    known = {name: _posts(config, name) for name in datasets}
    posts = {name: counts or GUESS for name, counts in known.items()}
    hours: Counter[str] = Counter()
    for run in runs:
        if costs := _costs(config, "core_hours", run):
            values = run_config(config, run)
            read = (
                posts[run.dataset]["train"] * values.get("train_fraction", 1) * values["training"]["epochs"]
            )
            hours.update({name: cost * read / 1000 for name, cost in costs.items()})
    files: dict[str, float] = {}
    for dataset, name in images:
        encoder = encoders(config)[name]
        pixels = sum(posts[dataset].values()) * encoder["size"] ** 2 * 3
        files[f"{layout.images(dataset, encoder['size'])}/images.npy"] = pixels / 1e9
        if encoder.get("frozen"):
            files[layout.features(dataset, name)] = FEATURES * pixels / 1e9
    gigabytes = _weights(config, runs)
    images_size = sum(size for file, size in files.items() if not Path(file).exists())
    gigabytes["images"] = images_size  # type: ignore[assignment]  # a Counter's numbers may be fractions
    return Needs(runs, hours, gigabytes, sorted({run.dataset for run in runs if not known[run.dataset]}))


def check_time(needs: Needs, cores: int) -> None:
    """Raise ``UserError`` if runs are estimated to take more than a day on this number of processor cores."""
    days = needs.hours.total() / cores / 24
    if days > 1:
        parts = Counter({name: value / cores for name, value in needs.hours.items()})
        raise UserError(
            f"{quantity(len(needs.runs), 'run is', 'runs are')} to be trained and there is no GPU: on "
            f"{quantity(cores, 'core')} that takes about {days:,.1f} days (hours by encoder: "
            f"{_parts(parts)}). Use a machine with a GPU, a cluster (--profile profiles/slurm), "
            "or begin it all the same with --config allow_cpu=true."
        )


def _costs(config: dict[str, Any], what: str, run: Run) -> Counter[str]:
    """The cost of a run's encoders according to the configuration; one that is not named costs nothing."""
    costs = config.get(what, {})
    return Counter({name: costs[name] for name in (run.text_encoder, run.image_encoder) if name in costs})


def _weights(config: dict[str, Any], runs: Iterable[Run]) -> Counter[str]:
    """Gigabytes of the weights that are kept, by encoder; a data set's best run counts as its largest."""
    keep = value_of(config, "keep_weights")
    kept: dict[Any, Counter[str]] = {}
    for run in runs if keep != "none" else ():
        group = (run.dataset, run.filter) if keep == "best" else run
        kept[group] = max(kept.get(group, Counter()), _costs(config, "gigabytes", run), key=Counter.total)
    return sum(kept.values(), Counter())


def _posts(config: dict[str, Any], dataset: str) -> dict[str, int]:
    """The number of a data set's posts by split: as prepared, as configured, or as counted in its own files.

    Empty if none of these is known.
    """
    entry = config["datasets"][dataset]
    prepared = {split: Path(layout.data(dataset, FILTERS_OFF), f"{split}.jsonl") for split in SPLITS}
    if all(file.is_file() for file in prepared.values()):
        return {split: _lines(file) for split, file in prepared.items()}
    if found := entry.get("posts") or entry.get("generator", {}).get("posts"):
        return found
    files = {split: entry["splits"][split] for split in SPLITS if split in entry["splits"]}
    named = {split: [name] if isinstance(name, str) else name for split, name in files.items()}
    paths = {split: [Path(entry.get("folder", ""), name) for name in names] for split, names in named.items()}
    if "folder" not in entry:
        return {}
    if any(file.suffix == ".parquet" for files in paths.values() for file in files):  # large, and not text
        return {}
    try:
        return {split: sum(map(_blocks, files)) for split, files in paths.items()}
    except OSError:  # preparation reports what is wrong with the files
        return {}


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n")


def _blocks(file: Path) -> int:
    """The number of posts in a file: separated by empty lines, or else one per line."""
    content = file.read_bytes().replace(b"\r\n", b"\n").strip()
    return 1 + (content.count(b"\n\n") or content.count(b"\n"))


def _parts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {value:,.0f}" for name, value in counts.most_common() if round(value))
