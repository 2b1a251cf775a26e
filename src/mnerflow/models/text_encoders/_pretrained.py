"""Pretrained text models with their tokenizers, read from a folder of weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from mnerflow.errors import UserError, quantity
from mnerflow.models.pretrained import SAFE, load_model, reading_pretrained


def weights_folder(weights: Path | None) -> Path:
    """The folder of pretrained weights; raises ``UserError`` if there is none."""
    if weights is None:
        raise UserError("text encoder: it needs pretrained weights. Give it a `source`.")
    if not weights.is_dir():  # transformers would ask the hub for a model of this name
        raise UserError(f"{weights}: no such folder of weights. Correct the encoder's `source`.")
    return weights


def load_pretrained(weights: Path, **options: Any) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load a folder's model, with ``options`` of ``from_pretrained``, and its tokenizer.

    Raises ``UserError`` if one of the two is incomplete, or if they do not belong together.
    """
    what = "transformers model and tokenizer can be read from this folder"
    with reading_pretrained(weights, what, "Correct the encoder's `source`."):
        tokenizer = load_tokenizer(weights)
        model = load_model(weights, **options)
        check_vocabulary(weights, tokenizer, model)
        tokenizer.model_max_length = _whole(weights, "model_max_length", tokenizer.model_max_length)
        _whole(weights, "type_vocab_size", getattr(model.config, "type_vocab_size", 0))
    return model, tokenizer


def load_tokenizer(weights: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer in a model folder, with word-initial spaces where its vocabulary has them.

    Raises ``UserError`` if it knows only special subwords, which is what transformers builds without files.
    """
    tokenizer = AutoTokenizer.from_pretrained(weights, add_prefix_space=True, **SAFE)
    if tokenizer.get_vocab().keys() <= {*tokenizer.all_special_tokens}:
        raise UserError(
            f"{weights}: the files of the tokenizer, such as tokenizer.json, are missing. Put them beside "
            "the weights, or correct the encoder's `source`."
        )
    tokenizer("\uffff", add_special_tokens=False)  # raises if the unknown subword is itself unknown
    return tokenizer


def _whole(weights: Path, name: str, value: Any) -> int:
    """A setting that nothing else checks as a whole number; raises ``UserError`` if it is none."""
    if not isinstance(value, int | float) or value != int(value):
        raise UserError(f"{weights}: {name} is {value!r}, but a whole number is expected. Correct it there.")
    return int(value)


def check_vocabulary(weights: Path, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> None:
    """Raise ``UserError`` if a text can have subwords that the model has no vector for."""
    try:
        vectors: Any = model.get_input_embeddings()
    except NotImplementedError:  # CANINE hashes characters and has no embedding table
        return
    rows = len(vectors.weight)
    # Text that spells a special subword is not read as one. The model reads no special subwords but these.
    used = {tokenizer.unk_token_id, tokenizer.pad_token_id, *tokenizer("a", "a")["input_ids"]}
    marked = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    special = marked.union(tokenizer.all_special_ids) - used
    beyond = sorted(
        (number, subword)
        for subword, number in tokenizer.get_vocab().items()
        if number >= rows and number not in special
    )
    if beyond:
        raise UserError(
            f"{weights}: the tokenizer knows {quantity(len(beyond), 'subword')}, such as {beyond[0][1]!r}, "
            f"for which the model, of {rows}, has no vector. Take the tokenizer that belongs to it."
        )


def check_config(model: PreTrainedModel, names: Sequence[str]) -> None:
    """Raise ``UserError`` if a model's configuration lacks a setting that plain text models have."""
    if lacking := [name for name in names if not hasattr(model.config, name)]:
        raise UserError(
            f"text encoder: {model.config.model_type} is no plain text model, its configuration has no "
            f"{lacking[0]}. Choose another one."
        )
