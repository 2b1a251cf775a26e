"""Loading of transformers models from a folder, built as its configuration describes them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.utils import logging

from mnerflow.compute.memory import is_hardware_error
from mnerflow.errors import UserError
from mnerflow.files.json_text import read_json
from mnerflow.models.weight_checks import check_finite, check_fit

# The report of unused pooler weights and the progress bar of transformers are noise in our logs.
logging.set_verbosity_error()
logging.disable_progress_bar()

# Python files that come with a model could run anything.
SAFE = {"trust_remote_code": False}
# Layer that computes a vector of the whole text, which nothing here reads.
POOLER = "pooler"
# Output layer of a language model, also inside a larger model.
HEAD = "lm_head"
MOST_LAYERS = 10_000


def load_model(weights: Path, auto: Any = AutoModel, **options: Any) -> PreTrainedModel:
    """Load the model in a folder; the files must contain all of its tensors but those of a pooler.

    Other tensors in the files, such as the head of another task, are ignored. Pickles are not read.

    Args:
        weights: folder of a model.
        auto: transformers class that builds the model.
        options: options of ``from_pretrained``.

    Raises:
        UserError: if tensors are missing, have other shapes, belong to more layers than there are, or contain
            NaN or infinity; if the folder contains only adapters.
    """
    if (weights / "adapter_config.json").exists():  # transformers would look elsewhere for the model
        raise UserError(
            f"{weights}: adapter_config.json says that these are adapters of another model. Merge them into "
            "it, and name the folder of the result as `source`."
        )
    gguf = options.get("gguf_file", "")
    files = [weights / gguf] if gguf else _weight_files(weights)
    # Read only once: reading the settings of a GGUF file takes seconds.
    config = AutoConfig.from_pretrained(weights, gguf_file=gguf or None, **SAFE)
    # Names of kernels that transformers would fetch and run; set in the parts of the model as well.
    config._attn_implementation = config._experts_implementation = None
    _check_size(weights, auto, config, files)
    model, told = auto.from_pretrained(
        weights,
        config=config,
        use_safetensors=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are reported, and refused below
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
def reading_pretrained(place: Path, what: str, remedy: str) -> Iterator[None]:
    """Turn whatever transformers and its helpers raise on files that cannot be read into a ``UserError``.

    Lack of memory and CUDA errors pass through unchanged.
    """
    try:
        yield
    except UserError:
        raise
    except BaseException as error:  # a panic of tokenizers is not an Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        if is_hardware_error(error):
            raise
        said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UserError(f"{place}: no {what} ({said}). {remedy}") from error


def _weight_files(weights: Path) -> list[Path]:
    """The files that transformers reads; raises ``UserError`` if an index names files outside the folder."""
    index = weights / "model.safetensors.index.json"
    if (whole := weights / "model.safetensors").exists() or not index.exists():
        return [whole] if whole.exists() else []
    names = sorted({*read_json(index)["weight_map"].values()})
    if outside := [name for name in names if Path(name).name != name]:
        raise UserError(f"{index}: names {outside[0]!r}, which is no file beside it. Correct the `source`.")
    return [weights / name for name in names]


def _check_size(weights: Path, auto: Any, config: PreTrainedConfig, files: Iterable[Path]) -> None:
    """Raise ``UserError`` if the configuration describes a model far larger than the files could contain.

    Loading would first build that model from random values, at the cost of its time and memory.
    """
    layers = getattr(config, "num_hidden_layers", 0)
    if isinstance(layers, int) and layers > MOST_LAYERS:
        raise UserError(f"{weights}: its configuration describes {layers:,} layers. Correct the `source`.")
    with torch.device("meta"):
        described = sum(weight.numel() for weight in auto.from_config(config, **SAFE).parameters())
    size = sum(file.stat().st_size for file in files)
    if size and described > 8 * size:  # no format takes less than one bit per weight
        raise UserError(
            f"{weights}: its configuration describes {described:,} weights, for which files of {size:,} "
            "bytes are too small. Correct the `source`, or complete the folder."
        )


def _belongs_inside(name: str, model: PreTrainedModel) -> bool:
    """Whether a tensor that was not read lies in a part that the model has and is not the head of a task."""
    part = name.removeprefix(f"{model.base_model_prefix}.").partition(".")[0]
    return part != POOLER and part in dict(model.named_children()) and HEAD not in name.split(".")
