"""Words pooled from a transformer's subwords: what encoders and language models have in common."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from mnerflow.data.post import Post
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.padding import mask_of, padded
from mnerflow.models.text_encoders import EncodedText, TextEncoder
from mnerflow.models.text_encoders._tokenizer import CASINGS, SubwordTokenizer


@dataclass(frozen=True)
class SubwordConfig:
    """Options of every transformer.

    Attributes:
        pooling: subwords that represent a word: the first, the last, or the mean of all.
        max_subwords: length of the longest window in subwords; longer posts are read in windows that overlap
            by a quarter. 0 stands for the length that the model was trained for.
        casing: whether to add a learned vector for each word's casing to its subwords, which restores what a
            lower-case vocabulary loses.
    """

    pooling: Literal["first", "mean", "last"] = "first"
    max_subwords: int = 0
    casing: bool = False


class SubwordEncoder(TextEncoder):
    """A transformer that pools words from the subwords of its last layer.

    Attributes:
        castable: whether its layers can compute in a dtype other than fp32 throughout.
        tokenizer: cuts posts into the windows that the model reads.
    """

    castable = True
    _autocast = True

    def __init__(
        self,
        config: SubwordConfig,
        tokenizer: PreTrainedTokenizerBase,
        model: PreTrainedModel,
        contexts_first: bool = False,
    ) -> None:
        super().__init__()
        self.config = config
        self.model = model
        self.settings = model.config.get_text_config()
        longest = _longest_window(tokenizer, model)
        self.tokenizer = SubwordTokenizer(
            tokenizer, min(config.max_subwords or longest, longest), contexts_first
        )
        if getattr(model, "pooler", None) is not None:  # computes a sentence vector, which nothing reads
            model.pooler = nn.Identity()  # some families call it in any case
        self.d_model = self.settings.hidden_size
        self.casing = None
        if config.casing:
            vectors: Any = model.get_input_embeddings()  # in ELECTRA, narrower than the layers
            self.casing = nn.Embedding(len(CASINGS), vectors.embedding_dim, padding_idx=0)
            nn.init.normal_(self.casing.weight[1:], std=getattr(self.settings, "initializer_range", 0.02))

    def encode(self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0) -> list[EncodedText]:
        """Turn posts into windows of subwords, see ``SubwordTokenizer.encode``."""
        return self.tokenizer.encode(posts, contexts, length)

    def collate(self, texts: Sequence[EncodedText]) -> dict[str, Tensor]:
        """Pad encoded posts into tensors.

        ``input_ids``, ``attention_mask``, ``token_type_ids`` and ``casings`` are ``(windows, subwords)``, the
        last two only where the model reads them. ``posts (windows)`` is the post of each window. ``units``
        and ``unit_mask`` are ``(batch, words, pooled subwords)``; ``units`` are indices into the flattened
        windows.
        """
        rows = [window for text in texts for window in text.windows]
        posts = [post for post, text in enumerate(texts) for _ in text.windows]
        input_ids = padded(rows, self.tokenizer.pretrained.pad_token_id or 0)
        width = input_ids.shape[1]
        chosen, first_row = [], 0
        for text in texts:
            chosen.append(
                [[(first_row + w) * width + p for w, p in self._pooled(units)] for units in text.words]
            )
            first_row += len(text.windows)
        unit_mask = mask_of(padded([[len(word) for word in words] for words in chosen]))
        units = torch.zeros(unit_mask.shape, dtype=torch.long)
        units[unit_mask] = torch.tensor([unit for words in chosen for word in words for unit in word])
        batch = {
            "input_ids": input_ids,
            "attention_mask": mask_of(torch.tensor([len(row) for row in rows])).long(),
            "posts": torch.tensor(posts),
            "units": units,
            "unit_mask": unit_mask.float(),
        }
        if self.casing is not None:
            batch["casings"] = padded([row for text in texts for row in text.extra["casings"]])
        if getattr(self.settings, "type_vocab_size", 0) > 1:
            batch["token_type_ids"] = padded([row for text in texts for row in text.extra["types"]])
        return batch

    def _pooled(self, units: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return {"first": units[:1], "last": units[-1:], "mean": units}[self.config.pooling]

    def forward(self, text: dict[str, Tensor], prefix: LayerPrefix | None = None) -> Tensor:
        """Encode words as ``(batch, words, d_model)``, the mean of each word's pooled subwords."""
        return self.pooled(self.hidden(text, prefix), text)

    def hidden(self, text: dict[str, Tensor], prefix: LayerPrefix | None = None, **besides: Tensor) -> Tensor:
        """The last layer's fp32 vectors ``(windows, subwords, d_model)``; ``besides`` goes to the model."""
        read = {name: text[name] for name in ("input_ids", "token_type_ids") if name in text}
        inputs: dict[str, Any] = read | besides
        if prefix is not None:
            prefix = inputs["past_key_values"] = prefix.of_rows(text["posts"])
        inputs["attention_mask"] = self._reads(text["attention_mask"], prefix)
        if self.casing is not None:
            vectors = self.model.get_input_embeddings()(inputs.pop("input_ids"))
            inputs["inputs_embeds"] = vectors + self.casing(text["casings"]).to(vectors.dtype)
        place = text["input_ids"].device.type
        with nullcontext() if self._autocast else torch.autocast(place, enabled=False):
            return self.model(**inputs).last_hidden_state.float()

    def cast_layers(self, dtype: torch.dtype) -> None:
        """Convert the model's fp32 weights to ``dtype`` if it can compute in it."""
        if not self.castable:
            return
        for weight in self.model.parameters():
            if weight.dtype is torch.float32:
                weight.data = weight.data.to(dtype)
        self._autocast = dtype is torch.float32

    def pooled(self, hidden: Tensor, text: dict[str, Tensor]) -> Tensor:
        """Pool subwords ``(windows, subwords, d_model)`` into words ``(batch, words, d_model)``."""
        units, mask, hidden = text["units"], text["unit_mask"], hidden.flatten(0, 1)
        if units.shape[-1] == 1:
            return hidden[units.squeeze(-1)]
        weights = mask / mask.sum(-1, keepdim=True).clamp(min=1)
        return torch.einsum("bwud,bwu->bwd", hidden[units], weights)

    def fault_of_view(self, words: Tensor, changed: Tensor, middle: int) -> str:
        """What is wrong with what words see; empty if nothing is.

        ``words (words, d_model)`` are the vectors of a post, and ``changed`` those with another word at
        ``middle``.
        """
        moved = (words != changed).any(-1)
        return "" if moved.sum() > 1 else "has words that do not see each other on this device"

    def _reads(self, mask: Tensor, prefix: LayerPrefix | None) -> Tensor | dict[str, Tensor]:
        """Which subwords each one attends to, in a form that the model accepts."""
        if prefix is None:
            return mask
        reads = mask.bool()[:, None, None].expand(-1, 1, mask.shape[1], -1)
        # An additive mask, which all kernels accept; some accept no bool.
        scores = torch.zeros(reads.shape, dtype=self.model.dtype, device=reads.device)
        return prefix.extend(scores.masked_fill(~reads, torch.finfo(scores.dtype).min))


def _longest_window(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> int:
    """The number of subwords that a model was trained to read at once."""
    positions = tokenizer.model_max_length
    learnt = getattr(model.config.get_text_config(), "max_position_embeddings", positions)
    embedding: Any = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    if getattr(embedding, "padding_idx", None) is not None:  # RoBERTa's positions start after it
        return min(positions, len(embedding.weight) - embedding.padding_idx - 1)
    return min(positions, learnt if learnt > 0 else positions)  # XLNet's are relative, without end
