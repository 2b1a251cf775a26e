"""The settings of each run, without anything that concerns other runs."""

from collections.abc import Iterator
from typing import Any

from mnerflow.config import ImageConfig, TrainingConfig, build, plain, settings_of
from mnerflow.errors import UserError
from mnerflow.plan import layout
from mnerflow.plan.encoders import ENCODERS, encoders, encoders_in
from mnerflow.plan.grid import starting_runs
from mnerflow.plan.names import NONE, Combination, Run
from mnerflow.plan.variants import contexts_of, fraction_of, setting, variant_chain
from mnerflow.registry import kind_of, module_of

# Languages that are written from right to left, without country codes.
LEFTWARDS = ("ar", "ckb", "dv", "fa", "he", "iw", "ji", "lad", "nqo", "ps", "sd", "syr", "ug", "ur", "yi")


def run_config(config: dict[str, Any], run: Run) -> dict[str, Any]:
    """The plain values of a run's ``RunConfig``, without anything that concerns other runs.

    Training settings are those of the configuration, the data set, the text encoder, the image encoder, the
    fusion and the variant; later ones override earlier ones. They are complete and in a fixed order, so it
    changes nothing to write down a default or to swap two settings.
    """
    dataset, fusion = config["datasets"][run.dataset], config["fusions"][run.fusion]
    values = {
        "entity_types": list(dataset["types"]),
        "seed": run.seed,
        "fusion": _part(run.fusion, fusion),
        "contexts": contexts_of(config, run.variant),
        "context_length": setting(config, run.variant, "context_length") or 0,
        "decoder": decoder_of(config, run.variant),
        "training": _training(config, run),
    }
    for section, names in encoders_in(config, run).items():
        for name in names:
            values[section.removesuffix("s")] = _encoder(section, name, config[section][name], run)
    if conditions := setting(config, run.variant, "train_with"):
        values["train_with"] = conditions
    if (fraction := fraction_of(config, run.variant)) < 1:
        values["train_fraction"] = fraction
    for start in starting_runs(config, run)[:1]:
        values["init_from"] = layout.model(start)
    return values


def _encoder(section: str, name: str, entry: dict[str, Any], run: Run) -> dict[str, Any]:
    if section == "image_encoders":
        return image_config(name, entry)
    shown = section == "vision_language_encoders" and run.image_encoder != NONE
    return _part(name, entry) | ({"size": entry["size"]} if shown else {})


def _training(config: dict[str, Any], combination: Combination) -> dict[str, Any]:
    parts = [
        config,
        config["datasets"][combination.dataset],
        *(
            config[section][name]
            for section, names in encoders_in(config, combination).items()
            for name in names
        ),
        config["fusions"][combination.fusion],
        *variant_chain(config, combination.variant),
    ]
    training: dict[str, Any] = {}
    for part in parts:
        training = merge(training, part.get("training", {}))
    return plain(build(TrainingConfig, training, f"training of {combination.folder}"))


def image_config(name: str, encoder: dict[str, Any]) -> dict[str, Any]:
    """The plain values of an image encoder's ``ImageConfig``; raises ``UserError`` for a contradiction."""
    if encoder.get("frozen") and encoder.get("augment"):
        raise UserError(
            f"image_encoders.{name}: a frozen encoder reads each image once, so `augment` cannot change it. "
            "Set one of the two to false."
        )
    return settings_of(ImageConfig, encoder | _part(name, encoder))


def decoder_of(config: dict[str, Any], variant: str) -> dict[str, Any]:
    """Kind and options of a variant's decoder; its entry may be only the kind. The default is softmax."""
    decoder = setting(config, variant, "decoder") or "softmax"
    return _part(decoder, {}) if isinstance(decoder, str) else _part(decoder["kind"], decoder)


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the values of ``over``; nested dictionaries are merged in the same way."""
    merged = dict(base)
    for key, value in over.items():
        inner = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if inner else value
    return merged


def _part(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    part = {"kind": kind_of(name, entry), "options": dict(sorted(entry.get("options", {}).items()))}
    return part | ({"weights": layout.weights(name)} if "source" in entry else {})


def sources(config: dict[str, Any], text_encoder: str, image_encoder: str) -> dict[str, str]:
    """The sources of encoders' pretrained weights, by name, with the revision if one is given."""
    known = encoders(config)
    entries = {name: known[name] for name in (text_encoder, image_encoder) if name in known}
    return {
        name: "@".join(entry[key] for key in ("source", "revision") if key in entry)
        for name, entry in entries.items()
        if "source" in entry
    }


def images_of(config: dict[str, Any], dataset: str) -> str:
    """The data set whose images a data set's posts show: itself, or another with the same posts."""
    return config["datasets"][dataset].get("images_of", dataset)


def fit_of(config: dict[str, Any], dataset: str) -> str:
    """How the images of a data set are fitted into a square, see ``data.config.Fit``."""
    entry = config["datasets"][images_of(config, dataset)]
    fit = entry.get("fit", "letterbox")
    leftwards = entry.get("language", "").split("-")[0].lower() in LEFTWARDS
    return f"{fit}_rtl" if fit == "wrap" and leftwards else fit


def broken_of(config: dict[str, Any]) -> str:
    """What happens to images that cannot be used, see ``data.config.Policy``."""
    return config.get("images", {}).get("broken", "blank")


def images_read(config: dict[str, Any], dataset: str, image_encoder: str) -> dict[str, str] | None:
    """How a run's images are fitted into squares and broken ones are treated; ``None`` without images."""
    if image_encoder == NONE:
        return None
    return {"fit": fit_of(config, dataset), "broken": broken_of(config)}


def modules_of(values: dict[str, Any]) -> Iterator[str]:
    """Yield the modules that a run selects by name: its encoders, fusion and decoder."""
    for part in ("fusion", "decoder", *(section.removesuffix("s") for section in ENCODERS)):
        if values.get(part):
            yield module_of(f"models.{part}s", values[part]["kind"])


def training_modules(values: dict[str, Any]) -> list[str]:
    """The modules at which a run's training enters the library."""
    return ["mnerflow.training.run", *modules_of(values)]
