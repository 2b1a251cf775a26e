"""Words pooled from a transformer's subwords: what encoders and language models have in common."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from mnerflow.compute.device import device
from mnerflow.compute.memory import no_memory
from mnerflow.data.post import Post
from mnerflow.errors import UserError, quantity
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.padding import mask_of, padded
from mnerflow.models.pretrained import SAFE, load_model, reading_pretrained
from mnerflow.models.text_encoders import EncodedText, TextEncoder
from mnerflow.models.text_encoders._contexts import concatenate_contexts

CASINGS = ("lower or none", "title", "upper", "mixed")


def casing_of(word: str) -> int:
    """Index in ``CASINGS`` of a word's casing; a single capital counts as title."""
    if word == word.lower():
        return 0
    if word[:1].isupper() and word[1:] == word[1:].lower():
        return 1
    return 2 if word == word.upper() else 3


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
        contexts_first: whether contexts come before the words, for a model whose words see nothing to the
            right.
        castable: whether its layers can compute in a dtype other than fp32 throughout.
    """

    contexts_first = False
    castable = True
    _autocast = True

    def __init__(
        self, config: SubwordConfig, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel
    ) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        self.model = model
        self.settings = model.config.get_text_config()
        if getattr(model, "pooler", None) is not None:  # computes a sentence vector, which nothing reads
            model.pooler = nn.Identity()  # some families call it in any case
        self.d_model = self.settings.hidden_size
        self.casing = None
        if config.casing:
            vectors: Any = model.get_input_embeddings()  # in ELECTRA, narrower than the layers
            self.casing = nn.Embedding(len(CASINGS), vectors.embedding_dim, padding_idx=0)
            nn.init.normal_(self.casing.weight[1:], std=getattr(self.settings, "initializer_range", 0.02))

    @cached_property
    def _special(self) -> tuple[list[int], list[int], list[int]]:
        """Special subwords before, between and after two segments, as the tokenizer places them.

        If it places none between them, a line break takes their place.
        """
        plain = self.tokenizer("a", add_special_tokens=False)["input_ids"]
        pair = self.tokenizer("a", "a")["input_ids"]
        first = _find(pair, plain, 0)
        second = _find(pair, plain, first + len(plain))
        between = pair[first + len(plain) : second] or self._cut(["\n"])[0]
        return pair[:first], between, pair[second + len(plain) :]

    @property
    def before(self) -> list[int]:
        """Special subwords at the beginning of each window."""
        return self._special[0]

    @cached_property
    def _space(self) -> str:
        """Prefix with which a word is cut as in running text.

        It is empty, or a space where the tokenizer does not add one.
        """
        running, words = self._cut(["so we went to Rome"])[0], ["we", "went", "to", "Rome"]
        for space in ("", " "):
            cut = [piece for ids in self._cut([space + word for word in words]) for piece in ids]
            if running[-len(cut) :] == cut:
                return space
        return ""

    @property
    def _limit(self) -> int:
        positions = self.tokenizer.model_max_length
        learnt = getattr(self.settings, "max_position_embeddings", positions)
        longest = min(positions, learnt if learnt > 0 else positions)  # XLNet's are relative, without end
        embedding: Any = getattr(getattr(self.model, "embeddings", None), "position_embeddings", None)
        if getattr(embedding, "padding_idx", None) is not None:  # RoBERTa's positions start after it
            longest = min(positions, len(embedding.weight) - embedding.padding_idx - 1)
        return min(self.config.max_subwords or longest, longest)

    def encode(self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0) -> list[EncodedText]:
        """Cut tokens into subwords, and lay out the kept ones in windows.

        A token that the tokenizer deletes becomes its unknown subword. Every window contains the contexts,
        cut to ``length`` subwords or a quarter of the window. The tokenizer's segment separator comes between
        two contexts.
        """
        flat = self._cut([self._space + token for post in posts for token in post.tokens])
        pieces = iter(ids or [self._unknown] for ids in flat)
        named = [[name for name in contexts if name in post.contexts] for post in posts]
        texts = [post.contexts[name] for post, names in zip(posts, named, strict=True) for name in names]
        cut_texts = iter(self._cut([self._space + text for text in texts]) if texts else ())
        before, between, after = self._special
        limit = length or self._limit // 4
        if contexts:  # of the longest contexts: such a post may come only once the model is trained
            self._room(len(before) + len(after) + limit + len(contexts) * len(between))
        encoded = []
        for post, names in zip(posts, named, strict=True):
            rows = [next(pieces) for _ in post.tokens]
            context, cut = concatenate_contexts(((name, next(cut_texts)) for name in names), between, limit)
            text = self._windows(
                [rows[index] for index in post.kept],
                [casing_of(post.tokens[index]) for index in post.kept],
                context,
                [len(ids) for ids in rows],
            )
            unknown = sum(self._unknown in rows[index] for index in post.kept) if self._names_unknown else 0
            encoded.append(replace(text, cut=cut, unknown=unknown))
        return encoded

    @cached_property
    def _unknown(self) -> int:
        unknown = self.tokenizer.unk_token_id  # byte-level tokenizers delete nothing and have none
        return self.tokenizer.eos_token_id if unknown is None else unknown

    @property
    def _names_unknown(self) -> bool:
        """Whether the unknown subword has no other meaning."""
        return self.tokenizer.unk_token_id not in (None, self.tokenizer.eos_token_id)

    def _cut(self, texts: list[str]) -> list[list[int]]:
        """Subwords of texts, none special: a word that spells one, such as ``[SEP]``, is cut or unknown."""
        split = {"split_special_tokens": True} if self.tokenizer.is_fast else {}
        rows = self.tokenizer(texts, add_special_tokens=False, verbose=False, **split)["input_ids"]
        special = {*self.tokenizer.all_special_ids} - {self._unknown}
        return [
            row if special.isdisjoint(row) else [self._unknown if one in special else one for one in row]
            for row in rows
        ]

    def _room(self, used: int) -> int:
        """Subwords that a window has left beside ``used`` ones; raises ``UserError`` if none is left."""
        if (room := self._limit - used) < 1:
            raise UserError(
                f"text encoder: windows of {quantity(self._limit, 'subword')} have no room for a word beside "
                "the special subwords and the contexts. Raise its `max_subwords` or lower the "
                "variant's `context_length`."
            )
        return room

    def _windows(
        self, words: list[list[int]], casings: list[int], context: list[int], subwords: list[int]
    ) -> EncodedText:
        before, between, after = self._special
        head, tail = before, after
        if context and self.contexts_first:
            head = [*before, *context, *between]
        elif context:
            tail = [*between, *context, *after]
        room = self._room(len(head) + len(tail))
        whole, words = words, [ids[:room] for ids in words]
        windows: list[list[int]] = []
        types, cases = [], []
        margin = [-1] * len(words)
        units: list[list[tuple[int, int]]] = [[]] * len(words)
        for first, last in _window_ranges([len(ids) for ids in words], room):
            row = list(head)
            case = [0] * len(head)
            for index in range(first, last):
                # A word in two windows is read in the one where its shorter side of context is longer, or its
                # left side if it sees no other.
                left = index - first if first else len(words)
                right = last - 1 - index if last < len(words) else len(words)
                seen = left if self.contexts_first else min(left, right)
                if seen > margin[index]:
                    margin[index] = seen
                    units[index] = [(len(windows), len(row) + offset) for offset in range(len(words[index]))]
                row += words[index]
                case += [casings[index]] * len(words[index])
            second = len(tail) - len(between) if tail is not after else 0
            types.append([0] * (len(row) + len(tail) - second) + [1] * second)
            windows.append(row + tail)
            cases.append(case + [0] * len(tail))
        length_without_contexts = sum(map(len, windows))
        if context:
            length_without_contexts = self._windows(whole, casings, [], subwords).length_without_contexts
        return EncodedText(
            windows, units, subwords, length_without_contexts, {"types": types, "casings": cases}
        )

    def collate(self, texts: Sequence[EncodedText]) -> dict[str, Tensor]:
        """Pad encoded posts into tensors.

        ``input_ids``, ``attention_mask``, ``token_type_ids`` and ``casings`` are ``(windows, subwords)``, the
        last two only where the model reads them. ``posts (windows)`` is the post of each window. ``units``
        and ``unit_mask`` are ``(batch, words, pooled subwords)``; ``units`` are indices into the flattened
        windows.
        """
        rows = [window for text in texts for window in text.windows]
        posts = [post for post, text in enumerate(texts) for _ in text.windows]
        input_ids = padded(rows, self.tokenizer.pad_token_id or 0)
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

    def probe(self) -> None:
        """Try the model on short posts, as training will use it.

        If its layers do not read a prefix, ``prefix_shape`` is set to zeros. Random numbers, gradients and
        modes stay as they were.

        Raises ``UserError`` if it cannot compute the posts or their gradient, if a post's vectors depend on
        the other posts in its batch, and if words do not see what they should.
        """
        self.to(device())
        modes = [(module, module.training) for module in self.modules()]
        family = self.model.config.model_type
        with torch.random.fork_rng([torch.cuda.current_device()] if torch.cuda.is_available() else []):
            self.eval()
            try:
                wrong = self._fault()
                if any(self.prefix_shape) and not self._reads_prefix():
                    self.prefix_shape = (0, 0, 0)
            except UserError:
                raise
            except Exception as error:  # every family fails in its own way
                if no_memory(error):
                    raise
                said = f"{type(error).__name__}: {error}".strip().split("\n")[0]
                wrong = f"cannot compute two short posts and their gradient ({said})"
        for module, mode in modes:
            module.training = mode
        if wrong:
            raise UserError(f"text encoder: {family} {wrong}. Choose another one, or other options of it.")

    def _fault(self) -> str:
        """A fault that would harm training, found by one forward and backward pass; else an empty string."""
        short, long, _ = texts = self._tries()
        batched, first, second = vectors = self(self._placed(texts))
        with torch.no_grad():
            [alone] = self(self._placed([short]))
        if not torch.isfinite(first).all():
            return "gives numbers that are not finite"
        if self._differ(alone, batched[:1]):
            return "reads padding, so that a post's tags would depend on the posts in its batch"
        middle = len(long.words) // 2
        if middle and (fault := self._sees(first, second, middle)):
            return fault
        if trained := [weight for weight in self.parameters() if weight.requires_grad]:
            # A plain sum after a layer norm would have no gradient.
            loss = (vectors * torch.linspace(-1, 1, self.d_model, device=vectors.device) ** 2).sum()
            found = torch.autograd.grad(loss, trained, allow_unused=True)
            if not any(one is not None and one.any() for one in found):
                return "has no gradient on this device"
        return ""

    def _tries(self) -> list[EncodedText]:
        """A post of one word, one of up to eight, and the same with a different word in the middle.

        Each word is a single subword.
        """
        before, _, after = self._special
        piece, size = self._cut(["a"])[0][-1], self.settings.vocab_size
        room = min(8, max(1, self._limit - len(before) - len(after)))
        long = [[(piece + place % 2) % size] for place in range(room)]
        changed = [[(piece + 2) % size] if place == room // 2 else long[place] for place in range(room)]
        rows = [long[:1], long, changed]
        return [self._windows(row, [0] * len(row), [], [1] * len(row)) for row in rows]

    def _placed(self, texts: Sequence[EncodedText]) -> dict[str, Tensor]:
        """Collate texts and move them to the model's device."""
        return {name: tensor.to(device()) for name, tensor in self.collate(texts).items()}

    def _sees(self, words: Tensor, changed: Tensor, middle: int) -> str:
        """What is wrong with a post's vectors, given ``changed``, those with another word in the middle."""
        moved = (words != changed).any(-1)
        return "" if moved.sum() > 1 else "has words that do not see each other on this device"

    def _reads_prefix(self) -> bool:
        """Whether the layers read a prefix that is to be seen and ignore one that is not."""
        text = self._placed(self._tries()[:1] * 2)
        layers, heads, d_head = self.prefix_shape
        ones = torch.ones(layers, 2, 2, heads, 3, d_head, device=self.model.device)
        with torch.no_grad():
            try:
                plain = self(text)
                hidden, seen = self(text, LayerPrefix(ones, torch.tensor([False, True], device=ones.device)))
            except Exception as error:  # every family fails in its own way
                if no_memory(error):
                    raise
                return False
        return bool(not self._differ(plain[0], hidden) and (plain[1] != seen).any())

    def _differ(self, one: Tensor, other: Tensor) -> bool:
        """Whether vectors differ by more than rounding."""
        eps = torch.finfo(self.model.dtype).eps
        return bool((one - other).norm() > min(100 * eps, eps**0.5) * one.norm())

    def _reads(self, mask: Tensor, prefix: LayerPrefix | None) -> Tensor | dict[str, Tensor]:
        """Which subwords each one attends to, in a form that the model accepts."""
        if prefix is None:
            return mask
        reads = mask.bool()[:, None, None].expand(-1, 1, mask.shape[1], -1)
        # An additive mask, which all kernels accept; some accept no bool.
        scores = torch.zeros(reads.shape, dtype=self.model.dtype, device=reads.device)
        return prefix.extend(scores.masked_fill(~reads, torch.finfo(scores.dtype).min))


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


def _find(row: list[int], part: list[int], start: int) -> int:
    return next(i for i in range(start, len(row)) if row[i : i + len(part)] == part)


def _window_ranges(lengths: list[int], room: int) -> list[tuple[int, int]]:
    """Word ranges ``(first, last)`` of windows of at most ``room`` subwords that overlap by a quarter."""
    ranges, first = [], 0
    while True:
        last, used = first, 0
        while last < len(lengths) and used + lengths[last] <= room:
            used += lengths[last]
            last += 1
        ranges.append((first, last))
        if last == len(lengths):
            return ranges
        overlap, back = 0, last
        while back > first + 1 and overlap + lengths[back - 1] <= room // 4:
            back -= 1
            overlap += lengths[back]
        first = back
