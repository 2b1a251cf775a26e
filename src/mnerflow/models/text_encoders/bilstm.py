"""A bidirectional LSTM over words and characters, trained from scratch."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from mnerflow.config.types import Positive
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.padding import padded
from mnerflow.models.text_encoders import EncodedText, TextEncoder
from mnerflow.models.text_encoders._contexts import concatenate_contexts

PAD, UNKNOWN = 0, 1
LONGEST_WORD = 24


@dataclass(frozen=True)
class Config:
    """Options of a ``bilstm`` text encoder.

    Attributes:
        d_word: size of a word embedding.
        d_character: size of a character embedding.
        hidden: size of the LSTM's state in each direction.
        layers: number of LSTM layers.
        dropout: share of values dropped in training.
        min_count: how often a word must occur in the training posts to be learnt.
    """

    d_word: Positive = 100
    d_character: Positive = 32
    hidden: Positive = 128
    layers: Positive = 1
    dropout: float = 0.3
    min_count: int = 2


@dataclass(frozen=True)
class Vocabulary:
    """Words (lower case) and characters of the training split; index 0 is padding, 1 is unknown."""

    words: dict[str, int]
    characters: dict[str, int]

    @classmethod
    def of(cls, posts: Sequence[Post], min_count: int) -> "Vocabulary":
        """Build the vocabulary from the training posts; never pass another split."""
        tokens = [word for post in posts for word in _read(post)]

        def index(counts: Counter[str], least: int) -> dict[str, int]:
            frequent = sorted(unit for unit, count in counts.items() if count >= least)
            return {unit: number for number, unit in enumerate(frequent, start=2)}

        return cls(
            index(Counter(token.lower() for token in tokens), min_count),
            index(Counter(character for token in tokens for character in token), 1),
        )


class BiLSTM(TextEncoder):
    """Word vectors and a convolution over characters (Ma and Hovy 2016, P16-1101), read by a BiLSTM."""

    def __init__(self, config: Config, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.word = nn.Embedding(len(vocabulary.words) + 2, config.d_word, padding_idx=PAD)
        self.character = nn.Embedding(len(vocabulary.characters) + 2, config.d_character, padding_idx=PAD)
        self.spelling = nn.Conv1d(config.d_character, config.d_character, kernel_size=3, padding=1)
        self.dropout = nn.Dropout(config.dropout)
        self.lstm = nn.LSTM(
            config.d_word + config.d_character,
            config.hidden,
            config.layers,
            batch_first=True,
            bidirectional=True,
            dropout=config.dropout if config.layers > 1 else 0.0,
        )
        self.d_model = 2 * config.hidden

    @classmethod
    def create(cls, config: Config, weights: Path | None, posts: Sequence[Post]) -> "BiLSTM":
        """Start from random weights and the training posts' vocabulary.

        Raises ``UserError`` if there are pretrained weights.
        """
        if weights:
            raise UserError(
                "text encoder 'bilstm': it learns from scratch and reads no weights. Leave its `source` out."
            )
        return cls(config, Vocabulary.of(posts, config.min_count))

    @classmethod
    def restore(cls, config: Config, weights: Path | None, metadata: dict[str, Any]) -> "BiLSTM":
        """Rebuild the architecture for the vocabulary that was saved with a run's weights."""
        return cls(config, Vocabulary(*metadata["vocabulary"]))

    def encode(self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0) -> list[EncodedText]:
        """Look up words and their first ``LONGEST_WORD`` characters.

        Contexts come before the post's words, and are cut only if a ``length`` is given. Raises ``UserError``
        for contexts beside words that a filter replaced, because it does not replace those of contexts.
        """
        encoded = []
        for post in posts:
            if post.forms and contexts:
                raise UserError(
                    "text encoder 'bilstm': it would read the stems of a post's words, but contexts word by "
                    "word. Leave the filter 'stem' out for variants with contexts."
                )
            words = [(name, post.contexts.get(name, "").split()) for name in contexts]
            encoded.append(self._encode(post, *concatenate_contexts(words, (), length or sys.maxsize)))
        return encoded

    def _encode(self, post: Post, context: list[str], cut: list[str]) -> EncodedText:
        words = [*context, *_read(post)]
        ids = [self.vocabulary.words.get(word.lower(), UNKNOWN) for word in words]
        get = self.vocabulary.characters.get
        spelled = [[get(character, UNKNOWN) for character in word[:LONGEST_WORD]] for word in words]
        positions = range(len(context), len(words))
        units = [[(0, index)] for index in positions]
        unknown = sum(UNKNOWN in spelled[index] for index in positions)
        extra = {"characters": [one for row in spelled for one in row + [PAD] * (LONGEST_WORD - len(row))]}
        return EncodedText([ids], units, [1] * len(post.tokens), len(positions), extra, cut, unknown)

    def collate(self, texts: Sequence[EncodedText]) -> dict[str, Tensor]:
        """Pad encoded posts into tensors.

        ``words`` are ``(batch, length)``, ``characters (batch, length, characters)`` and ``lengths (batch)``.
        ``units (batch, words)`` are the positions of the post's own words.
        """
        words = padded([text.windows[0] for text in texts])
        characters = padded([text.extra["characters"] for text in texts], PAD)
        return {
            "words": words,
            "characters": characters.view(*words.shape, LONGEST_WORD),
            "lengths": torch.tensor([text.length for text in texts]),
            "units": padded([[position for ((_, position),) in text.words] for text in texts]),
        }

    def forward(self, text: dict[str, Tensor], prefix: LayerPrefix | None = None) -> Tensor:
        """Encode words as ``(batch, words, 2 * hidden)``."""
        characters = text["characters"]
        spelled = self.character(characters).flatten(0, 1).transpose(1, 2)
        blank = (characters == PAD).flatten(0, 1).unsqueeze(1)
        spelling = self.spelling(spelled).masked_fill(blank, float("-inf")).amax(-1)
        spelling = spelling.masked_fill(blank.all(-1), 0.0).view(*characters.shape[:2], -1)
        vectors = self.dropout(torch.cat([self.word(text["words"]), spelling], dim=-1))
        hidden = self._read_both_ways(vectors, text["lengths"])
        units = text["units"].unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        return self.dropout(hidden.gather(1, units))

    def _read_both_ways(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """Run the LSTM on padded vectors: ``(batch, length, 2 * hidden)``."""
        if torch.compiler.is_exporting():
            return self._read_unpacked(vectors, lengths)
        packed = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]

    def _read_unpacked(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """The same without packing, which ONNX does not support.

        For the backward direction, each post is reversed first.
        """
        place = torch.arange(vectors.shape[1], device=vectors.device)
        turned = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
        row = torch.arange(vectors.shape[0], device=vectors.device)[:, None]
        start = vectors.new_zeros(1, vectors.shape[0], self.lstm.hidden_size)
        one_way = (True, 1, 0.0, False, False, True)  # biases, a layer, no dropout, not training, batch first
        weights = self.lstm.all_weights
        for forwards, backwards in zip(weights[::2], weights[1::2], strict=True):
            ahead, *_ = torch.lstm(vectors, (start, start), tuple(forwards), *one_way)
            back, *_ = torch.lstm(vectors[row, turned], (start, start), tuple(backwards), *one_way)
            vectors = torch.cat([ahead, back[row, turned]], dim=-1)
        return vectors

    def metadata(self) -> dict[str, Any]:
        """The vocabulary: words and characters."""
        return {"vocabulary": [self.vocabulary.words, self.vocabulary.characters]}


def _read(post: Post) -> list[str]:
    """A post's kept tokens, or the stems that a filter replaced them with."""
    words = post.forms or post.tokens
    return [words[index] for index in post.kept]
