"""A run as a token classifier of transformers, which anyone can load without mnerflow."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from tokenizers import Regex, normalizers
from torch import nn
from transformers import AutoModelForTokenClassification, PreTrainedModel, PreTrainedTokenizerBase

from mnerflow.config import RunConfig
from mnerflow.data.post import Post
from mnerflow.data.tags import OUTSIDE
from mnerflow.files.json_text import read_json, write_json
from mnerflow.models.pretrained import SAFE
from mnerflow.models.tagger import Tagger
from mnerflow.models.text_encoders.transformer import Transformer
from mnerflow.plan.names import TEXT_ONLY
from mnerflow.training.inputs import encode_posts

# Texts for which a plain model must compute the same as the run: words, punctuation, text that spells a
# special subword, and words that no vocabulary has or that a tokenizer deletes.
TRIED = (
    "Ann sings in Rome .",
    "@ann : it 's # news",
    "a [SEP] </s> c",
    "straße 東京 👍 été",
    "⬆ \ufe0f \u200d A",
)
TOLERANCE = 1e-3  # of logits: two implementations of attention round differently
DELETED = "\ufe0f"  # a variation selector, which many tokenizers delete, like other words of such characters:
DELETED_WORD = r"(?<!\S)[\p{C}\p{M}\x{FFFD}]+(?!\S)"
UNKNOWN = "\u2400"  # a character that no vocabulary has


class NotPlain(Exception):
    """The reason why a run is not a plain model, as the end of a sentence."""


def check_settings(run: RunConfig) -> None:
    """Raise ``NotPlain`` if a run's configuration uses something that a plain model lacks."""
    text = run.text_encoder
    if run.image_size:
        raise NotPlain("it reads images")
    if text is None or text.kind != "transformer":
        raise NotPlain(f"its text encoder is a {text.kind if text else 'vision-language model'}")
    if run.contexts:
        raise NotPlain(f"it reads a context beside the text ({', '.join(run.contexts)})")
    if run.fusion.kind != TEXT_ONLY:
        raise NotPlain(f"its fusion is {run.fusion.kind}")
    if run.decoder.kind != "softmax":
        raise NotPlain(f"its decoder is {run.decoder.kind}, and a plain model tags each word on its own")
    if text.options.get("casing"):
        raise NotPlain("its encoder adds a vector for each word's casing (`casing`)")
    if (pooling := text.options.get("pooling", "first")) != "first":
        raise NotPlain(f"it reads words off the {pooling} of their subwords, a plain model off the first")


def plain_model(run: RunConfig, tagger: Tagger) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The tagger of a run that passes ``check_settings``, as a model of transformers and its tokenizer.

    Raises ``NotPlain`` if transformers has no classifier that computes the same.
    """
    encoder = _encoder(tagger)
    if not encoder.tokenizer.pretrained.is_fast:
        raise NotPlain("its tokenizer does not tell where subwords stand (it is a slow one)")
    settings = copy.deepcopy(encoder.model.config)
    text: Any = run.text_encoder
    settings.num_hidden_layers = text.options.get("layers") or settings.num_hidden_layers
    settings.id2label = dict(enumerate(tagger.decoder.tags))
    settings.label2id = {tag: index for index, tag in settings.id2label.items()}
    family, head = settings.model_type, cast(nn.Module, tagger.decoder.head)
    try:
        model = AutoModelForTokenClassification.from_config(
            settings, dtype=torch.float32, attn_implementation="eager", **SAFE
        )
        _fill(model, encoder.model, head)
    except (ValueError, RuntimeError, AttributeError) as error:
        raise NotPlain(f"transformers has no token classifier of {family} with these weights") from error
    tokenizer = _plain_tokenizer(encoder)
    _compare(model.eval(), tokenizer, run, tagger.eval())
    return model, tokenizer


def save_plain(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write the model and tokenizer from ``plain_model`` into a folder."""
    try:
        model.save_pretrained(folder)
    except SafetensorError as error:  # raised for a full disk
        raise OSError(str(error)) from error
    tokenizer.save_pretrained(folder)
    # The class of the model's family would rebuild the tokenizer, without its handling of unknown words.
    settings = read_json(folder / "tokenizer_config.json")
    general = {"tokenizer_class": "PreTrainedTokenizerFast", "model_input_names": tokenizer.model_input_names}
    write_json(folder / "tokenizer_config.json", settings | general)
    for file in folder.glob("*.safetensors"):
        file.chmod((folder / "config.json").stat().st_mode)  # safetensors lets only the owner read its files


def _fill(model: PreTrainedModel, encoder: nn.Module, head: nn.Module) -> None:
    base = getattr(model, model.base_model_prefix)
    of_base = {name for name, _ in base.named_parameters(prefix=model.base_model_prefix)}
    of_head = {name for name, _ in model.named_parameters()} - of_base
    [(name, layer)] = [(name, part) for name, part in model.named_children() if isinstance(part, nn.Linear)]
    if of_head != {f"{name}.weight", f"{name}.bias"}:
        raise ValueError("a head of several layers")
    base.load_state_dict(encoder.state_dict())
    layer.load_state_dict(head.state_dict())


def _plain_tokenizer(encoder: Transformer) -> PreTrainedTokenizerBase:
    """A copy of the encoder's tokenizer that itself does what the encoder adds to the tokenizer.

    Text is never read as a special subword, whatever it spells. A word that would be deleted becomes unknown.
    """
    tokenizer = copy.deepcopy(encoder.tokenizer.pretrained)
    tokenizer.model_max_length = encoder.tokenizer.longest
    # Only the settings in init_kwargs are saved.
    tokenizer.split_special_tokens = tokenizer.init_kwargs["split_special_tokens"] = True
    special = {*tokenizer.all_special_ids} - {tokenizer.unk_token_id}
    replaced: list[str | Regex] = [Regex(DELETED_WORD)] if not _cut(tokenizer, DELETED) else []
    replaced += [token for token in tokenizer.all_special_tokens if special & {*_cut(tokenizer, token)}]
    backend = tokenizer.backend_tokenizer
    steps = [normalizers.Replace(pattern, UNKNOWN) for pattern in replaced]
    normalizer = [backend.normalizer] if backend.normalizer else []
    if steps:
        backend.normalizer = normalizers.Sequence([*steps, *normalizer])
    return tokenizer


def _cut(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def _compare(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, run: RunConfig, tagger: Tagger
) -> None:
    """Raise ``NotPlain`` if subwords or logits differ for the words of ``TRIED``."""
    posts = [_post(text) for text in TRIED]
    inputs = encode_posts(run, tagger, posts, None)
    if _cut(tokenizer, TRIED[0]) != [one for word in posts[0].tokens for one in _cut(tokenizer, word)]:
        raise NotPlain("its tokenizer cuts running text differently than single words")
    for index, (post, encoded) in enumerate(zip(posts, inputs.texts or (), strict=True)):
        if len(encoded.windows) > 1:
            continue
        given = tokenizer(post.tokens, is_split_into_words=True, return_tensors="pt")
        if given["input_ids"][0].tolist() != encoded.windows[0]:
            raise NotPlain("transformers' tokenizer cuts its words differently")
        with torch.no_grad():
            [logits] = model(**given).logits
            [scores] = tagger(inputs.batch([index]))
        firsts = [units[0][1] for units in encoded.words]
        if not torch.allclose(logits[firsts], scores, atol=TOLERANCE):
            raise NotPlain(f"transformers' {type(model).__name__} computes something else with its weights")


def _encoder(tagger: Tagger) -> Transformer:
    encoder: Transformer = tagger.encoder.text  # type: ignore[assignment]
    return encoder


def _post(text: str) -> Post:
    words: Sequence[str] = text.split(" ")
    return Post(text, [*words], [OUTSIDE] * len(words))
