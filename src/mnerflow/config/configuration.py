"""The whole configuration file, typed: every key with its type, default and meaning.

docs/configuration.md and the JSON schema are generated from it; see ``mnerflow.config.reference``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from mnerflow.config.datasets import Dataset
from mnerflow.config.refusals import NOT_FINITE
from mnerflow.config.run import TrainingConfig
from mnerflow.config.systems import Fusion, ImageEncoder, TextEncoder, Variant, VisionLanguageEncoder
from mnerflow.config.types import Amount, Distinct, Joined, Name, Section, Seed, Several
from mnerflow.config.values import build
from mnerflow.data.config import Policy
from mnerflow.errors import UserError
from mnerflow.finite import is_finite
from mnerflow.llm.config import ContextQuestion, EntityQuestion, Service


@dataclass(frozen=True, kw_only=True)
class Images(Section):
    """Settings for the images of all data sets.

    Attributes:
        broken: what to do about an image that is missing or cannot be read.
    """

    broken: Policy = "blank"


@dataclass(frozen=True, kw_only=True)
class Search(Section):
    """A search over training settings, the product of the values of its keys.

    Attributes:
        dataset: data set to train on; candidates are compared on its dev split.
        fusion: fusion of the runs.
        seeds: seeds of the runs.
        search: values to try for each setting, as in `{learning_rate.text: [1.0e-4, 1.0e-3]}`.
        filter: filter of the runs, several joined by `+`; `none` filters nothing.
        text_encoder: text encoder of the runs.
        image_encoder: image encoder of the runs.
        vision_language_encoder: vision-language encoder of the runs, instead of the other two.
        variant: variant of the runs.
    """

    dataset: Name
    fusion: Name
    seeds: Distinct[Seed]
    search: Annotated[dict[Name, Distinct[float]], Field(min_length=1)]
    filter: Joined = "none"
    text_encoder: Name = ""
    image_encoder: Name = ""
    vision_language_encoder: Name = ""
    variant: Name = ""


@dataclass(frozen=True, kw_only=True)
class Rival(EntityQuestion, Service):
    """A language model that is prompted instead of trained. Only `rivals.smk` queries it.

    Attributes:
        datasets: data sets whose test splits the model is queried about.
        filters: filters of the posts, several joined by `+`; `none` filters nothing.
        examples: numbers of training posts that the model is shown with their answers; each number is a run.
        images: whether posts are shown with their images; false and true are two runs.
        seeds: seeds that draw the examples; each seed is a run.
        prompt: file with the prompt; without it, `config/prompt.md`.
    """

    datasets: Several[Name]
    filters: Several[Joined] = field(default_factory=lambda: ["none"])
    examples: Several[Annotated[int, Field(ge=0, le=100)]] = field(default_factory=lambda: [0])
    images: Several[bool] = field(default_factory=lambda: [False])
    seeds: Several[Seed] = field(default_factory=lambda: [1])
    prompt: str = ""


@dataclass(frozen=True, kw_only=True)
class AskedContext(ContextQuestion, Service):
    """A context that a language model writes for the data sets that name it. Only `contexts.smk` queries it.

    Attributes:
        prompt: file with the prompt; without it, the file in `config/prompts` that matches `reads`.
    """

    prompt: str = ""


@dataclass(frozen=True, kw_only=True)
class Block(Section):
    """A block of the grid: the product of its lists, without encoders that a fusion does not read.

    Attributes:
        datasets: names of data sets.
        filters: names of filters, several joined by `+`; `none` filters nothing.
        text_encoders: names of text encoders.
        image_encoders: names of image encoders.
        vision_language_encoders: names of vision-language encoders.
        fusions: names of fusions.
        variants: names of variants.
        seeds: random seeds; each seed is a run.
    """

    datasets: Several[Name]
    filters: Several[Joined] = field(default_factory=lambda: ["none"])
    text_encoders: Several[Name] = field(default_factory=list)
    image_encoders: Several[Name] = field(default_factory=list)
    vision_language_encoders: Several[Name] = field(default_factory=list)
    fusions: Several[Name]
    variants: Several[Name] = field(default_factory=lambda: ["base"])
    seeds: Several[Seed]


@dataclass(frozen=True, kw_only=True)
class Configuration(Section):
    """The configuration of a study.

    Attributes:
        name: name of the study. Its scores, tables, plots and pages are in `results/<name>`. Without it, the
            name of the last configuration file is used, or `default`.
        datasets: data sets by name.
        text_encoders: text encoders by name.
        image_encoders: image encoders by name.
        vision_language_encoders: encoders that read text and image at once, by name.
        fusions: fusions by name.
        variants: variants by name; `base` changes nothing.
        filters: options of each filter, by its name.
        images: settings for the images of all data sets.
        training: training settings of all runs. Settings of the data set, text encoder, image encoder, fusion
            and variant override them, in this order.
        grid: runs of the study, in blocks.
        tuning: searches over training settings.
        rivals: language models that are prompted instead of trained, by name.
        asked_contexts: language models that write contexts, by name.
        max_cost: most that one start of the workflow may spend on answers of language models, in US dollars.
        mirror: folder from which raw data is read instead of the network.
        weights_mirror: folder in which a hub id is looked up first.
        published: folder of published runs. A run with the same settings is taken from there instead of
            trained.
        finished_only: leave out runs that are not finished yet, to see the results of the others. Do not use
            it while another Snakemake runs in the same folder.
        quote_posts: whether the report shows posts. Set it to false before you publish a report on texts that
            you may not redistribute.
        core_hours: estimated hours of one processor core, without a GPU, per 1,000 posts read in training, by
            encoder. Without a GPU, a start that would take more than a day needs `allow_cpu`.
        gigabytes: disk space of a run's trained weights in GB, by encoder, for the estimate that is printed
            at the start.
        margin: points of entity F1 on test. A change shown to be smaller counts as none, so the run is said
            to ignore its source.
        keep_weights: trained weights to keep once a run has predicted. `best` keeps, for each data set and
            filter, those of the run with the best entity F1 on dev. Predictions are always kept.
        allow_cpu: start even if training without a GPU takes days, and compute on processors where PyTorch
            can use none of the GPUs.
    """

    name: Name = ""
    datasets: dict[Name, Dataset]
    text_encoders: dict[Name, TextEncoder]
    image_encoders: dict[Name, ImageEncoder]
    vision_language_encoders: dict[Name, VisionLanguageEncoder] = field(default_factory=dict)
    fusions: dict[Name, Fusion]
    variants: dict[Name, Variant] = field(default_factory=dict)
    filters: dict[str, dict[str, Any]] = field(default_factory=dict)
    images: Images = field(default_factory=Images)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    grid: Several[Block]
    tuning: list[Search] = field(default_factory=list)
    rivals: dict[Name, Rival] = field(default_factory=dict)
    asked_contexts: dict[Name, AskedContext] = field(default_factory=dict)
    max_cost: Amount | None = None
    mirror: str | None = None
    weights_mirror: str | None = None
    published: str | None = None
    finished_only: bool = False
    quote_posts: bool = True
    core_hours: dict[str, Amount] = field(default_factory=dict)
    gigabytes: dict[str, Amount] = field(default_factory=dict)
    margin: Annotated[float, Field(gt=0, le=100)] = 0.5
    keep_weights: Literal["all", "best", "none"] = "all"
    allow_cpu: bool = False


def value_of(config: dict[str, Any], key: str) -> Any:
    """The value of a key of the top level, or its default."""
    return config.get(key, getattr(Configuration, key))


def as_in_a_file(value: Any, given: Any) -> Any:
    """A value of a configuration, with what ``--config`` has ``given`` as a file would give it.

    Snakemake leaves true and false as text, and numbers inside ``{}`` and ``[]``. What is from a file stays
    as it is, such as a quoted "1".
    """
    if isinstance(value, dict) and isinstance(given, dict):
        return {key: as_in_a_file(inner, given.get(key)) for key, inner in value.items()}
    if isinstance(value, list) and value == given:
        return [as_in_a_file(inner, inner) for inner in value]
    if not isinstance(value, str) or value != given:
        return value
    try:
        read = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError):  # a path or a sentence
        return value
    return read if isinstance(read, bool | int | float) else value


def check(config: dict[str, Any]) -> None:
    """Raise one ``UserError`` that lists every wrong value of a configuration by its key.

    NaN and infinite numbers are refused everywhere, even among options, which are not checked any further.
    """
    problems = [f"{path}: {NOT_FINITE}" for path in _not_finite(config)]
    try:
        build(Configuration, config)
    except UserError as error:
        said = str(error).removesuffix(".")
        problems = [said, *(problem for problem in problems if problem not in said)]
    if problems:
        raise UserError(f"configuration: {'; '.join(problems)}.")


def _not_finite(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths, below a value, of numbers that are NaN or infinite."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _not_finite(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, int | float) and not is_finite(value):
        yield path
