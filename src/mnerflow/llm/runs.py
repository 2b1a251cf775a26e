"""The runs of rivals: language models that are asked instead of trained.

Such a run is named like the others. Its text encoder is the rival. Its fusion tells how many examples the
model is shown and whether it sees the image. If it does, the image encoder is called ``pixels``.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from mnerflow.conditions import IMAGE
from mnerflow.config import build, plain, settings_of
from mnerflow.config.configuration import Rival
from mnerflow.data.post import Post, read_posts
from mnerflow.errors import UserError, check_known
from mnerflow.evaluation.predictions import PREDICTIONS, SCORED
from mnerflow.files.checksums import sha256
from mnerflow.llm.config import EntityQuestion, RivalConfig
from mnerflow.plan import layout
from mnerflow.plan.datasets import Datasets
from mnerflow.plan.encoders import encoders
from mnerflow.plan.names import NONE, Combination, Run
from mnerflow.plan.settings import broken_of, fit_of
from mnerflow.record import RECORD, ImagesShown, RivalRecord

PIXELS = "pixels"
WITH_IMAGE = "_image"


def rival_runs(config: dict[str, Any]) -> list[Run]:
    """All runs of the configuration's ``rivals``, sorted.

    Raises ``UserError`` for a data set that is not configured, and for a rival that has the name of an
    encoder.
    """
    runs = []
    for name, entry in config.get("rivals", {}).items():
        if name in encoders(config):
            raise UserError(f"rivals.{name}: an encoder has this name, too. Choose another.")
        rival = Rival(**entry)
        check_known(rival.datasets, config["datasets"], f"rivals.{name}.datasets")
        if len(rival.seeds) > 1 and rival.options.get("seed", "") is None and 0 in rival.examples:
            raise UserError(
                f"rivals.{name}: without examples, and with `seed: null` in its options, all seeds ask the "
                "same questions and have the same answers. Give one seed, or let the request have its seed."
            )
        parts = product(rival.datasets, rival.filters, _ways(rival), rival.seeds)
        runs += [
            Run(dataset, chosen, name, PIXELS if image else NONE, fusion_name(examples, image), seed)
            for dataset, chosen, (examples, image), seed in parts
        ]
    return sorted(set(runs))


def fusion_name(examples: int, image: bool) -> str:
    """``"zero_shot"`` or ``"4_shot"``; with the image, ``"zero_shot_image"`` or ``"4_shot_image"``."""
    return f"{examples or 'zero'}_shot{WITH_IMAGE if image else ''}"


def rival_baselines(runs: Iterable[Run]) -> dict[Combination, dict[str, Combination]]:
    """The baseline of each rival that is asked with the image: the same rival, asked without it."""
    return {
        run.combination: {
            IMAGE: replace(run.combination, image_encoder=NONE, fusion=run.fusion.removesuffix(WITH_IMAGE))
        }
        for run in runs
        if run.fusion.endswith(WITH_IMAGE)
    }


def rivals_of(config: dict[str, Any]) -> dict[str, dict[str, str]]:
    """What each rival is, in the form of ``encoders.encoder_facts``."""
    models = {name: rival["model"] for name, rival in config.get("rivals", {}).items()}
    return {name: {"kind": "rival", "model": model, "source": model} for name, model in models.items()}


def rival_config(config: dict[str, Any], run: Run) -> dict[str, Any]:
    """The plain values of a run's ``RivalConfig``, limited to those that can change an answer."""
    rival = config["rivals"][run.text_encoder]
    examples, image = next(way for way in _ways(Rival(**rival)) if fusion_name(*way) == run.fusion)
    values = settings_of(EntityQuestion, rival)
    return values | {
        "entity_types": list(config["datasets"][run.dataset]["types"]),
        "examples": examples,
        "image": image,
        "seed": run.seed,
    }


def prompt_of(config: dict[str, Any], name: str, default: Path) -> Path:
    """The file of a rival's prompt; raises ``UserError`` if it does not exist."""
    return prompt_file(config["rivals"][name].get("prompt", default), f"rivals.{name}.prompt")


def prompt_file(prompt: str | Path, place: str) -> Path:
    """The file of a prompt; raises ``UserError`` naming its configuration key ``place`` if it is missing."""
    if not Path(prompt).is_file():
        raise UserError(f"{place}: {prompt}: no such file. Correct the path, or leave it out.")
    return Path(prompt)


def check_prompts(config: dict[str, Any], runs: Iterable[Run], prompts: Mapping[str, Path]) -> None:
    """Raise ``UserError`` for an unusable prompt, before its first question is paid for."""
    from mnerflow.llm.rival_prompt import RivalPrompt  # a plan without rivals does not need it

    used = [(run, rival_config(config, run)) for run in runs]
    for name, types, image in sorted(
        {(r.text_encoder, tuple(v["entity_types"]), v["image"]) for r, v in used}
    ):
        RivalPrompt(prompts[name], types, image)


def has_answered(folder: Path, data: Datasets, run: Run, prompt: Path) -> bool:
    """Whether ``folder`` has a rival's scored run with today's settings, prompt, data and images.

    A trial does not count, because it was asked about fewer posts than models are tested on. A run without a
    valid record does not count either.
    """
    needed = (RECORD, PREDICTIONS, *SCORED)
    rival = build(RivalConfig, rival_config(data.config, run), f"rivals.{run.text_encoder}")
    if rival.posts or not all((folder / name).exists() for name in needed):
        return False
    try:
        record = RivalRecord.read(folder / RECORD)
    except UserError:
        return False
    same_data = all(Path(file).exists() and sha256(file) == was for file, was in record.data_sha256.items())
    same_question = record.config == plain(rival) and record.prompt.sha256 == sha256(prompt)
    if not (same_question and same_data):
        return False
    if not rival.image:
        return True
    return record.images is not None and shows_same(
        record.images, data, run.dataset, lambda: _posts_shown(run, record.examples)
    )


def _posts_shown(run: Run, examples: Collection[str]) -> list[Post]:
    data = Path(layout.data(run.dataset, run.filter))
    train, test = (read_posts(data / f"{split}.jsonl") for split in ("train", "test"))
    return [*test, *(post for post in train if post.id in examples)]


def shows_same(shown: ImagesShown, data: Datasets, dataset: str, posts: Callable[[], Iterable[Post]]) -> bool:
    """Whether a model that is asked about ``posts`` would be shown the same images today, in the same way.

    Posts and images are read only if anything in the folder of the images has changed.
    """
    fit, broken = fit_of(data.config, dataset), broken_of(data.config)
    if (shown.fit, shown.broken) != (fit, broken):
        return False
    if shown.state == data.image_state(dataset):
        return True
    return shown.sha256 == ImagesShown.of(posts(), Path(data.image_folder(dataset)), fit, broken).sha256


def _ways(rival: Rival) -> Iterator[tuple[int, bool]]:
    return product(rival.examples, rival.images)
