"""Models of transformers, read from a folder as that describes them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from mnerflow.compute.memory import no_memory
from mnerflow.errors import UserError
from mnerflow.files import read_json
from mnerflow.models.whole import check_finite, check_fit

# Its report of unused pooler weights and its own progress bar say nothing to a reader of our logs.
logging.set_verbosity_error()
logging.disable_progress_bar()

# A model's own Python files could run anything.
SAFE = {"trust_remote_code": False}
# A vector of the whole text, which nothing here reads.
POOLER = "pooler"
# Of a language model, also of one inside a larger model.
HEAD = "lm_head"
MOST_LAYERS = 10_000


def load_model(weights: Path, auto: Any = AutoModel, **options: Any) -> PreTrainedModel:
    """The model in a folder, all of its tensors read from there but for a pooler's.

    What the folder holds beside it, such as the head of another task, is left. Pickles are not read.

    Args:
        weights: folder of a model.
        auto: class of transformers that makes it.
        options: of ``from_pretrained``.

    Raises:
        UserError: when tensors are missing, have other shapes, belong to more layers than there are, or hold
            values that are no numbers; when the folder has adapters alone.
    """
    if (weights / "adapter_config.json").exists():  # transformers would look for their model elsewhere
        raise UserError(
            f"{weights}: adapter_config.json says that these are adapters of another model. Merge them into "
            "it, and name the folder of the result as `source`."
        )
    gguf = options.get("gguf_file", "")
    files = [weights / gguf] if gguf else _weight_files(weights)
    # Read once: the settings of a GGUF file take seconds.
    config = AutoConfig.from_pretrained(weights, gguf_file=gguf or None, **SAFE)
    _check_size(weights, auto, config, files)
    model, told = auto.from_pretrained(
        weights,
        config=config,
        use_safetensors=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are told, and refused below
        **options,
        **SAFE,
    )
    lacking = {name for name in told["missing_keys"] if not name.startswith(f"{POOLER}.")}
    unread = told["unexpected_keys"]
    misshapen = told["mismatched_keys"]
    inside = {name for name in unread if _belongs_inside(name, model)}
    check_fit(weights / gguf, lacking, unread if lacking or misshapen else inside, misshapen)
    if not gguf:
        check_finite(files, unread)
    return model


@contextmanager
def reading(place: Path, what: str, remedy: str) -> Iterator[None]:
    """Turn whatever transformers and its helpers raise on files that cannot be read into a ``UserError``."""
    try:
        yield
    except UserError:
        raise
    except BaseException as error:  # a panic of tokenizers is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if no_memory(error) or "CUDA error" in str(error):
            raise
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(f"{place}: no {what} ({said}). {remedy}") from error


def _weight_files(weights: Path) -> list[Path]:
    """The files that transformers reads; raises ``UserError`` where an index names some of another folder."""
    index = weights / "model.safetensors.index.json"
    if (whole := weights / "model.safetensors").exists() or not index.exists():
        return [whole] if whole.exists() else []
    names = sorted({*read_json(index)["weight_map"].values()})
    if outside := [name for name in names if Path(name).name != name]:
        raise UserError(f"{index}: names {outside[0]!r}, which is no file beside it. Correct the `source`.")
    return [weights / name for name in names]


def _check_size(weights: Path, auto: Any, config: PreTrainedConfig, files: Iterable[Path]) -> None:
    """Raise ``UserError`` where the configuration describes a model far larger than the files could hold.

    Reading would first make it, of random values, and take its time and memory.
    """
    layers = getattr(config, "num_hidden_layers", 0)
    if isinstance(layers, int) and layers > MOST_LAYERS:
        raise UserError(f"{weights}: its configuration describes {layers:,} layers. Correct the `source`.")
    with torch.device("meta"):
        described = sum(weight.numel() for weight in auto.from_config(config, **SAFE).parameters())
    size = sum(file.stat().st_size for file in files)
    if size and described > 8 * size:  # no format takes less than a bit a weight
        raise UserError(
            f"{weights}: its configuration describes {described:,} weights, for which files of {size:,} "
            "bytes are too small. Correct the `source`, or complete the folder."
        )


def _belongs_inside(name: str, model: PreTrainedModel) -> bool:
    """Whether a tensor that was not read lies in a part that the model has, and is no head of a task."""
    part = name.removeprefix(f"{model.base_model_prefix}.").partition(".")[0]
    return part != POOLER and part in dict(model.named_children()) and HEAD not in name.split(".")
