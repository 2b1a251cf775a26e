"""The whole configuration file, typed: every key with its type, default and meaning.

docs/configuration.md and the JSON schema are made of it; see ``mnerflow.config.reference``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from mnerflow.config.datasets import Dataset
from mnerflow.config.refusals import NOT_FINITE
from mnerflow.config.run import TrainingConfig
from mnerflow.config.systems import Fusion, ImageEncoder, TextEncoder, Variant, VisionLanguageEncoder
from mnerflow.config.types import Amount, Joined, Name, Section, Seed, Several
from mnerflow.config.values import build
from mnerflow.data.config import Policy
from mnerflow.errors import UserError
from mnerflow.finite import is_finite
from mnerflow.llm.config import ContextQuestion, EntityQuestion, Service


@dataclass(frozen=True, kw_only=True)
class Images(Section):
    """Images of all data sets.

    Attributes:
        broken: what to do about an image that is missing or cannot be read.
    """

    broken: Policy = "blank"


@dataclass(frozen=True, kw_only=True)
class Search(Section):
    """A search over training settings, the product of the values of its keys.

    Attributes:
        dataset: on whose dev split candidates are compared.
        fusion: of its runs.
        seeds: of its runs.
        search: values to try by setting, as in `{learning_rate.text: [1.0e-4, 1.0e-3]}`.
        filter: of its runs.
        text_encoder: of its runs.
        image_encoder: of its runs.
        vision_language_encoder: of its runs, instead of the other two.
        variant: of its runs.
    """

    dataset: Name
    fusion: Name
    seeds: Several[Seed]
    search: Annotated[dict[str, Several[float]], Field(min_length=1)]
    filter: Name = ""
    text_encoder: Name = ""
    image_encoder: Name = ""
    vision_language_encoder: Name = ""
    variant: Name = ""


@dataclass(frozen=True, kw_only=True)
class Rival(EntityQuestion, Service):
    """A language model that is asked instead of trained, by `rivals.smk` alone.

    Attributes:
        datasets: of whose test split it is asked.
        filters: with which the posts are filtered.
        examples: how many training posts the model is shown with their answers; each number is a run.
        images: whether posts are shown with their images; false and true are two runs.
        seeds: each is a run; it draws the examples.
        prompt: file of the prompt; without it, `config/prompt.md`.
    """

    datasets: Several[Name]
    filters: Several[Joined] = field(default_factory=lambda: ["none"])
    examples: Several[Annotated[int, Field(ge=0, le=100)]] = field(default_factory=lambda: [0])
    images: Several[bool] = field(default_factory=lambda: [False])
    seeds: Several[Seed] = field(default_factory=lambda: [1])
    prompt: str = ""


@dataclass(frozen=True, kw_only=True)
class AskedContext(ContextQuestion, Service):
    """A context that a language model writes, asked by `contexts.smk` alone, for the data sets that name it.

    Attributes:
        prompt: file of the prompt; without it, that of `config/prompts` for what is read.
    """

    prompt: str = ""


@dataclass(frozen=True, kw_only=True)
class Block(Section):
    """A block of the grid, the product of its lists; an encoder that a fusion does not read is left out.

    Attributes:
        datasets: names of data sets.
        filters: names of filters, several joined by `+`; `none` filters nothing.
        text_encoders: names of text encoders.
        image_encoders: names of image encoders.
        vision_language_encoders: names of vision-language encoders.
        fusions: names of fusions.
        variants: names of variants.
        seeds: a run each.
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
        name: of the study, whose scores, tables, plots and pages lie in `results/<name>`; without it, the
            name of the last configuration file, or `default`.
        datasets: data sets by name.
        text_encoders: text encoders by name.
        image_encoders: image encoders by name.
        vision_language_encoders: encoders that read text and image at once, by name.
        fusions: fusions by name.
        variants: variants by name; `base` changes nothing.
        filters: options of each filter by its name.
        images: of all data sets.
        training: settings of all runs, over which those of data set, text encoder, image encoder, fusion and
            variant lie, in this order.
        grid: blocks of runs.
        tuning: searches over training settings.
        rivals: language models that are asked instead of trained, by name.
        asked_contexts: language models that write contexts, by name.
        max_cost: US dollars that one start of the workflow may spend on answers of language models.
        mirror: folder from which raw data is read instead of the network.
        weights_mirror: folder in which a hub id is looked up first.
        published: folder of published runs, which are taken over instead of trained where their settings are
            the same.
        finished_only: leave out the runs that are not finished yet, to see results of the others; not while
            another Snakemake runs there.
        quote_posts: whether the report shows posts; false for one that is published while the texts are not
            ours to give.
        core_hours: hours of one core, without a GPU, for 1,000 posts read in training, by encoder; more than
            a day in all is not begun unasked.
        gigabytes: what the trained weights of a run take on disk, by encoder, for what is said at the start.
        margin: points of entity F1 on test; a change shown to be smaller counts as none, so that a run is
            said to ignore its source.
        keep_weights: which trained weights stay once a run has predicted: all, of each data set and filter
            those of the run with the best entity F1 on dev (best), or none. Predictions stay in any case.
        allow_cpu: begin though it takes days; compute on processors where there are GPUs, but none that
            PyTorch can use.
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


def check(config: dict[str, Any]) -> None:
    """Raise one ``UserError`` that lists every value of a configuration that is wrong, by its key.

    No number may be NaN or infinite, not even among options, of which nothing else is known here.
    """
    problems = [f"{path}: {NOT_FINITE}" for path in _not_finite(config)]
    try:
        build(Configuration, config)
    except UserError as error:
        problems.insert(0, str(error).removesuffix("."))
    if problems:
        raise UserError(f"configuration: {'; '.join(problems)}.")


def _not_finite(value: Any, path: str = "") -> Iterator[str]:
    """Where below a value numbers stand that are none."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _not_finite(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, int | float) and not is_finite(value):
        yield path
