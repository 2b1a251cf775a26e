"""The grid of runs that a configuration asks for, and the configuration of each run."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import product
from pathlib import Path
from typing import Any, Self

from mnerflow import signature
from mnerflow.conditions import IMAGE, Condition
from mnerflow.config import TrainingConfig, build, plain
from mnerflow.errors import UserError, suggest

# By combination what it is held against: by the source that is taken away, the same without it.
Baselines = Mapping["Combination", Mapping[str, "Combination"]]
NONE = "none"
FILTERS_OFF = "none"
BASE = "base"  # the variant that changes nothing
TEXT_ONLY = "text_only"  # the fusion that is left when the image is taken away


@dataclass(frozen=True, order=True)
class Combination:
    """What the runs of several seeds share; ``none`` is an encoder that they lack.

    A fusion says how modalities are combined; a variant what else tells runs apart: decoder, contexts that
    are read, the run to start from, training.
    """

    dataset: str
    filter: str
    text_encoder: str
    image_encoder: str
    fusion: str
    variant: str = field(default=BASE, kw_only=True)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read it off a row of a table that has its fields as columns."""
        return cls(**{field.name: row[field.name] for field in fields(cls)})

    @classmethod
    def from_folder(cls, folder: str) -> Self:
        """Read what ``folder`` says; raises ``UserError`` for another path."""
        return Run.from_folder(f"{folder}/seed0").combination

    def run(self, seed: int) -> "Run":
        """Its run of one seed."""
        return Run(seed=seed, **{name: getattr(self, name) for name in COMBINATION})

    @property
    def data(self) -> str:
        """``"twitter2017"``, or ``"twitter2017 (nonword)"`` where a filter is used."""
        return data_label(self.dataset, self.filter)

    @property
    def encoders(self) -> str:
        """``"minilm+vit"``, or the one encoder that is used."""
        return encoders_label(self.text_encoder, self.image_encoder)

    @property
    def model(self) -> str:
        """``"minilm+vit linear"``, and the variant where it is another than ``BASE``."""
        return f"{self.encoders} {self.system.replace('+', ' ')}"

    @property
    def system(self) -> str:
        """``"linear+crf"``: the fusion, and the variant where it is another than ``BASE``."""
        return self.fusion if self.variant == BASE else f"{self.fusion}+{self.variant}"

    @property
    def folder(self) -> str:
        """Where its runs lie below ``results/runs``, one folder a seed."""
        return f"{self.dataset}/{self.filter}/{self.text_encoder}+{self.image_encoder}/{self.system}"


@dataclass(frozen=True, order=True)
class Run(Combination):
    """One training run: a combination and a seed."""

    seed: int

    @classmethod
    def from_folder(cls, folder: str | Path) -> Self:
        """Read ``<dataset>/<filter>/<text>+<image>/<fusion>+<variant>/seed<k>`` off a path.

        The variant ``BASE`` is not written. Raises ``UserError`` for another path.
        """
        parts = r"([^/]+)/([^/]+)/([^/+]+)\+([^/+]+)/([^/+]+)(?:\+([^/+]+))?/seed(\d+)"
        found = re.fullmatch(rf"(?:.*/)?{parts}", str(folder))
        if not found:
            raise UserError(
                f"{folder}: a run's folder ends in "
                "<dataset>/<filter>/<text>+<image>/<fusion>+<variant>/seed<k>."
            )
        *names, variant, seed = found.groups()
        return cls(*names, seed=int(seed), variant=variant or BASE)

    @classmethod
    def named(cls, names: Mapping[str, str]) -> Self:
        """The run of its path's parts: ``dataset``, ``filter``, ``text``, ``image``, ``system``, ``seed``."""
        return cls.from_folder("{dataset}/{filter}/{text}+{image}/{system}/seed{seed}".format(**names))

    @property
    def names(self) -> dict[str, str | int]:
        """Its names as a ``Record`` has them."""
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
    """A data set and how it was filtered, for a reader."""
    return dataset if filter_name == FILTERS_OFF else f"{dataset} ({filter_name})"


def encoders_label(text_encoder: str, image_encoder: str) -> str:
    """The encoders that are used, for a reader."""
    return "+".join(name for name in (text_encoder, image_encoder) if name != NONE)


def expand(config: dict[str, Any]) -> list[Run]:
    """All runs of the configuration's ``grid``, each once, sorted.

    A block of the grid is the product of its lists; an encoder that a fusion does not use is ``none``,
    so unimodal fusions are not multiplied by it. Raises ``UserError`` for a name that is not configured, and
    for contexts without the text.
    """
    runs = set()
    for number, block in enumerate(config["grid"], start=1):
        runs.update(block_runs(config, block, f"grid, block {number}"))
    return sorted(runs)


def block_runs(config: dict[str, Any], block: dict[str, Any], place: str) -> Iterator[Run]:
    """The runs of one block, as ``expand`` says; an error names its ``place`` in the configuration."""
    known = config | {"variants": variants(config)}
    for name in ("datasets", "text_encoders", "image_encoders", "fusions", "variants"):
        check_known(block.get(name, []), known[name], f"{place}.{name}")
    for fusion in block["fusions"]:
        inputs = inputs_of(config, fusion)
        texts = block.get("text_encoders", []) if "text" in inputs else [NONE]
        images = block.get("image_encoders", []) if "image" in inputs else [NONE]
        for needed, names in (("text_encoders", texts), ("image_encoders", images)):
            if not names:
                raise UserError(f"{place}: the fusion {fusion!r} needs {needed}, and the block lists none.")
        filters = block.get("filters", [FILTERS_OFF])
        parts = product(block["datasets"], filters, texts, images, [fusion], block["seeds"])
        for part, variant in product(parts, block.get("variants", [BASE])):
            if "text" not in inputs and contexts_of(config, variant):
                raise UserError(
                    f"{place}: the variant {variant!r} reads contexts beside the text, which {fusion!r} does "
                    "not read."
                )
            yield Run(*part, variant=variant)


def inputs_of(config: dict[str, Any], fusion: str) -> tuple[str, ...]:
    """What a fusion fuses: ``text``, ``image`` or both."""
    return signature.inputs_of(kind_of(fusion, config["fusions"][fusion])) or ("text", "image")


def variants(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The variants by name, ``BASE`` among them."""
    return {BASE: {}} | config.get("variants", {})


def systems(config: dict[str, Any]) -> set[str]:
    """Each fusion with each variant, as ``Combination.system`` names them."""
    names = product(config["fusions"], variants(config))
    return {fusion if variant == BASE else f"{fusion}+{variant}" for fusion, variant in names}


def variant_chain(config: dict[str, Any], variant: str) -> list[dict[str, Any]]:
    """The entries that make a variant: those that it is ``based_on``, the first one first, and its own.

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


def contexts_of(config: dict[str, Any], variant: str) -> list[str]:
    """The contexts that a variant reads beside the text, in order."""
    return [name for entry in variant_chain(config, variant) for name in entry.get("contexts", [])]


def sources_of(config: dict[str, Any], combination: Combination) -> list[str]:
    """What a run reads besides the text: its image, and contexts by name."""
    image = [IMAGE] if combination.image_encoder != NONE else []
    return [*image, *contexts_of(config, combination.variant)]


def decoder_of(config: dict[str, Any], variant: str) -> dict[str, Any]:
    """Kind and options of a variant's decoder, of which the kind alone may be named; softmax without."""
    decoder = setting(config, variant, "decoder") or "softmax"
    return _part(decoder, {}) if isinstance(decoder, str) else _part(decoder["kind"], decoder)


def images_of(config: dict[str, Any], dataset: str) -> str:
    """The data set whose images a data set's posts show: itself, or one of the same posts, split anew."""
    return config["datasets"][dataset].get("images_of", dataset)


def fit_of(config: dict[str, Any], dataset: str) -> str:
    """How images of a data set that are no squares are made such, ``data.image.Fit``."""
    return config["datasets"][images_of(config, dataset)].get("fit", "letterbox")


def broken_of(config: dict[str, Any]) -> str:
    """What becomes of images that cannot be used, ``data.image_store.Policy``."""
    return config.get("images", {}).get("broken", "blank")


def images_read(config: dict[str, Any], dataset: str, image_encoder: str) -> dict[str, str] | None:
    """How a run's images are made squares, and what becomes of broken ones; ``None`` without images."""
    if image_encoder == NONE:
        return None
    return {"fit": fit_of(config, dataset), "broken": broken_of(config)}


def baselines(config: dict[str, Any], combination: Combination) -> dict[str, Combination]:
    """What a combination is held against: by the source that is taken away, the same without it.

    Without its image a fusion is ``TEXT_ONLY``; without the contexts that a variant adds, the variant is the
    one that it is based on. What reads one source alone has no baseline.
    """
    found = {}
    if combination.image_encoder != NONE and combination.text_encoder != NONE:
        found[IMAGE] = replace(combination, image_encoder=NONE, fusion=TEXT_ONLY)
    entry = variants(config)[combination.variant]
    if added := entry.get("contexts"):
        found["+".join(added)] = replace(combination, variant=entry.get("based_on", BASE))
    return found


def write_baselines(found: Baselines) -> dict[str, dict[str, str]]:
    """Baselines as plain values, by their folders."""
    return {
        one.folder: {source: other.folder for source, other in others.items()}
        for one, others in found.items()
    }


def read_baselines(values: Mapping[str, Mapping[str, str]]) -> dict[Combination, dict[str, Combination]]:
    """What ``write_baselines`` was given."""
    return {
        Combination.from_folder(folder): {
            source: Combination.from_folder(other) for source, other in others.items()
        }
        for folder, others in values.items()
    }


def lacking_baselines(config: dict[str, Any], runs: Iterable[Run]) -> list[str]:
    """The baselines that ``runs`` lack, each once: what their sources are worth cannot be said."""
    planned = {*runs}
    lacking = {
        baseline.run(run.seed).path
        for run in planned
        for baseline in baselines(config, run.combination).values()
        if baseline.run(run.seed) not in planned
    }
    return sorted(lacking)


def starting_runs(config: dict[str, Any], run: Run) -> list[Run]:
    """The run that this one starts from, the one that that starts from, and so on; none for most.

    As ``init_from`` of their variants says; they have this one's encoders as far as they read them. Raises
    ``UserError`` for an unknown name, for an encoder that this run lacks and for a circle.
    """
    found: list[Run] = []
    while start := setting(config, run.variant, "init_from"):
        place = f"variants.{run.variant}.init_from"
        block = {"datasets": [start["dataset"]], "filters": [run.filter], "variants": [start["variant"]]}
        block |= {"fusions": [start.get("fusion", run.fusion)], "seeds": [run.seed]}
        for name, encoder in (("text_encoders", run.text_encoder), ("image_encoders", run.image_encoder)):
            block[name] = [encoder] if encoder != NONE else []
        [run] = block_runs(config, block, place)
        if run in found:
            raise UserError(f"{place}: runs that start from each other. Break the circle.")
        found.append(run)
    return found


def starts_from(config: dict[str, Any], system: str) -> dict[str, Any]:
    """What the variant of a system, ``<fusion>+<variant>``, says of the run to start from."""
    return setting(config, system.partition("+")[2] or BASE, "init_from")


def setting(config: dict[str, Any], variant: str, name: str) -> Any:
    """What a variant says of ``init_from`` or its ``decoder``, itself or the ones that it is based on."""
    said = [entry[name] for entry in variant_chain(config, variant) if name in entry]
    return said[-1] if said else None


def run_config(config: dict[str, Any], run: Run) -> dict[str, Any]:
    """The plain values of a run's ``RunConfig``, and nothing that concerns other runs.

    Training settings are those of the configuration, then of the data set, the text encoder, the image
    encoder, the fusion and the variant, the later ones overriding. They are whole and in one order: to write
    a default down, or two settings the other way round, changes nothing.
    """
    dataset, fusion = config["datasets"][run.dataset], config["fusions"][run.fusion]
    text = config["text_encoders"].get(run.text_encoder)
    image = config["image_encoders"].get(run.image_encoder)
    values = {
        "entity_types": list(dataset["types"]),
        "seed": run.seed,
        "fusion": _part(run.fusion, fusion),
        "contexts": contexts_of(config, run.variant),
        "decoder": decoder_of(config, run.variant),
        "training": _training(config, run),
    }
    if text is not None:
        values["text_encoder"] = _part(run.text_encoder, text)
    if image is not None:
        values["image_encoder"] = image_config(run.image_encoder, image)
    read = sources_of(config, run)
    if wrong := [name for name in dataset.get("train_with", []) if Condition.named(name).source in read]:
        values["train_with"] = wrong
    for start in starting_runs(config, run)[:1]:
        values["init_from"] = f"results/runs/{start.path}/model.safetensors"
    return values


def _training(config: dict[str, Any], combination: Combination) -> dict[str, Any]:
    parts = [
        config,
        config["datasets"][combination.dataset],
        config["text_encoders"].get(combination.text_encoder, {}),
        config["image_encoders"].get(combination.image_encoder, {}),
        config["fusions"][combination.fusion],
        *variant_chain(config, combination.variant),
    ]
    training: dict[str, Any] = {}
    for part in parts:
        training = merge(training, part.get("training", {}))
    return plain(build(TrainingConfig, training, f"training of {combination.folder}"))


def image_config(name: str, encoder: dict[str, Any]) -> dict[str, Any]:
    """The plain values of an image encoder's ``ImageConfig``; raises ``UserError`` if they contradict."""
    if encoder.get("frozen") and encoder.get("augment"):
        raise UserError(
            f"image_encoders.{name}: a frozen encoder reads each image once, so `augment` cannot change it. "
            "Set one of the two to false."
        )
    return _part(name, encoder) | {
        key: encoder[key] for key in ("size", "frozen", "augment") if key in encoder
    }


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``over``, dictionaries inside merged alike."""
    merged = dict(base)
    for key, value in over.items():
        inner = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if inner else value
    return merged


def sources(config: dict[str, Any], text_encoder: str, image_encoder: str) -> dict[str, str]:
    """Where encoders have their pretrained weights from, by name, with the revision where one is given."""
    entries = {
        text_encoder: config["text_encoders"].get(text_encoder, {}),
        image_encoder: config["image_encoders"].get(image_encoder, {}),
    }
    return {
        name: "@".join(entry[key] for key in ("source", "revision") if key in entry)
        for name, entry in entries.items()
        if "source" in entry
    }


def encoders_of(config: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What each encoder is, whatever its name: ``kind``, ``model`` and ``source``.

    The model is an architecture where the options name one. Without a ``source`` the model stands there, and
    without a model the kind.
    """
    found = {}
    for name, entry in (config["text_encoders"] | config["image_encoders"]).items():
        kind = kind_of(name, entry)
        model = entry.get("options", {}).get("model", entry.get("source", kind))
        found[name] = {"kind": kind, "model": model, "source": entry.get("source", model)}
    return found


def weights_folder(name: str) -> str:
    """Where the pretrained weights of an encoder lie."""
    return f"resources/weights/{name}"


def modules_of(values: dict[str, Any]) -> Iterator[str]:
    """The modules that a run picks by name: its encoders, fusion and decoder."""
    models = "mnerflow.models"
    yield f"{models}.fusions.{values['fusion']['kind']}"
    yield f"{models}.decoders.{values['decoder']['kind']}"
    for part in ("text_encoder", "image_encoder"):
        if values.get(part):
            yield f"{models}.{part}s.{values[part]['kind']}"


def training_modules(values: dict[str, Any]) -> list[str]:
    """The modules that a run's training starts from."""
    return ["mnerflow.training.run", *modules_of(values)]


def _part(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    part = {"kind": kind_of(name, entry), "options": dict(sorted(entry.get("options", {}).items()))}
    return part | ({"weights": weights_folder(name)} if "source" in entry else {})


def kind_of(name: str, entry: dict[str, Any]) -> str:
    """The file that holds an encoder's or a fusion's class: its name, unless its entry says otherwise."""
    return entry.get("kind", name)


def check_known(names: Iterable[str], known: dict[str, Any], place: str) -> None:
    """Raise ``UserError`` naming ``place`` and the nearest known name when a name is not configured."""
    for name in names:
        if name not in known:
            raise UserError(
                f"{place}: {name!r} is not configured{suggest(name, known)}. Known: {', '.join(known)}."
            )
