"""Contexts to ask language models for: which ones, with which prompt, and whether they are up to date."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from mnerflow.config import build, plain, settings_of
from mnerflow.data.post import read_posts
from mnerflow.errors import UserError, check_known
from mnerflow.files.checksums import sha256
from mnerflow.llm.config import ContextQuestion
from mnerflow.llm.runs import prompt_file, shows_same
from mnerflow.plan import layout
from mnerflow.plan.datasets import Datasets
from mnerflow.record import ContextRecord

SECTION = "asked_contexts"
# Prompts that ship with the workflow, by what a model is shown.
SHIPPED = {
    ("text",): "text_knowledge.md",
    ("image",): "image_description.md",
    ("image", "text"): "knowledge.md",
}


def to_ask(data: Datasets) -> list[tuple[str, str]]:
    """Data set and entry of each context that can be asked for.

    Raises ``UserError`` if a data set names an entry that does not exist, and there is no file of it either.
    """
    found = []
    for dataset in data.entries:
        for name in data.asked_contexts(dataset):
            if not Path(layout.asked_context(dataset, name)).exists():
                check_known([name], data.config.get(SECTION, {}), f"datasets.{dataset}.contexts: asked")
            if name in data.config.get(SECTION, {}):
                found.append((dataset, name))
    return found


def question_of(config: dict[str, Any], name: str) -> dict[str, Any]:
    """The plain values of an entry's ``ContextQuestion``."""
    return settings_of(ContextQuestion, config[SECTION][name])


def prompt_of(config: dict[str, Any], name: str, shipped: Path) -> Path:
    """The file of an entry's prompt, by default from ``shipped``; raises ``UserError`` if it is missing."""
    entry = config[SECTION][name]
    shipped_prompt = shipped / SHIPPED[tuple(sorted(entry["reads"]))]
    return prompt_file(entry.get("prompt") or shipped_prompt, f"{SECTION}.{name}.prompt")


def check_prompt(config: dict[str, Any], name: str, shipped: Path) -> None:
    """Raise ``UserError`` for an unusable prompt, before its first question is paid for."""
    from mnerflow.llm.prompt import Prompt  # a plan that asks for nothing does not need it

    reads = config[SECTION][name]["reads"]
    by_text, by_image = "text" in reads, "image" in reads
    without_image = [{"image": False, "text": ""}] if by_text and by_image else []
    Prompt(prompt_of(config, name, shipped), {"image": by_image}, without_image, shows_text=by_text)


def check_written(data: Datasets, datasets: Iterable[str]) -> None:
    """Raise ``UserError`` if a data set reads a context that no language model has written yet."""
    for dataset in datasets:
        for name in data.asked_contexts(dataset):
            if not Path(file := layout.asked_context(dataset, name)).exists():
                raise UserError(
                    f"{file}: not written yet. `snakemake -s contexts.smk` asks for it, with the same "
                    f"configuration. To do without it, leave it out of datasets.{dataset}.contexts."
                )


def outdated(data: Datasets, datasets: Iterable[str], shipped: Path) -> list[str]:
    """Files of contexts that were asked for with other settings, prompts or images than today's."""
    return [
        layout.asked_context(dataset, name)
        for dataset in datasets
        for name in data.asked_contexts(dataset)
        if name in data.config.get(SECTION, {}) and not _is_as_asked(data, dataset, name, shipped)
    ]


def _is_as_asked(data: Datasets, dataset: str, name: str, shipped: Path) -> bool:
    question = build(ContextQuestion, question_of(data.config, name), f"{SECTION}.{name}")
    try:
        record = ContextRecord.read(Path(layout.asked_record(dataset, name)))
    except UserError:
        return False
    prompt = prompt_of(data.config, name, shipped)
    if record.config != plain(question) or record.prompt.sha256 != sha256(prompt):
        return False
    posts = [Path(file) for file in record.data_sha256]
    if record.images is None or not all(path.exists() for path in (*posts, Path(data.image_folder(dataset)))):
        return True  # the context can be read without its posts and images
    return shows_same(record.images, data, dataset, lambda: chain.from_iterable(map(read_posts, posts)))
