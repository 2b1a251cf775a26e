"""Posts cut into subwords by a pretrained tokenizer, and laid out in windows."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from transformers import PreTrainedTokenizerBase

from mnerflow.data.post import Post
from mnerflow.errors import UserError, quantity
from mnerflow.models.text_encoders import EncodedText
from mnerflow.models.text_encoders._contexts import concatenate_contexts

CASINGS = ("lower or none", "title", "upper", "mixed")


def casing_of(word: str) -> int:
    """Index in ``CASINGS`` of a word's casing; a single capital counts as title."""
    if word == word.lower():
        return 0
    if word[:1].isupper() and word[1:] == word[1:].lower():
        return 1
    return 2 if word == word.upper() else 3


class SubwordTokenizer:
    """Turns posts into windows of subwords.

    Args:
        pretrained: tokenizer of the pretrained model.
        longest: length of the longest window in subwords.
        contexts_first: whether contexts come before the words, for a model whose words see nothing to the
            right.
    """

    def __init__(
        self, pretrained: PreTrainedTokenizerBase, longest: int, contexts_first: bool = False
    ) -> None:
        self.pretrained = pretrained
        self.longest = longest
        self.contexts_first = contexts_first

    def encode(self, posts: Sequence[Post], contexts: Sequence[str], length: int = 0) -> list[EncodedText]:
        """Cut tokens into subwords, and lay out the kept ones in windows.

        A token that the tokenizer deletes becomes its unknown subword. Every window contains the contexts,
        cut to ``length`` subwords or a quarter of the window. The tokenizer's segment separator comes between
        two contexts.
        """
        flat = self.cut([self.space + token for post in posts for token in post.tokens])
        pieces = iter(ids or [self._unknown] for ids in flat)
        named = [[name for name in contexts if name in post.contexts] for post in posts]
        texts = [post.contexts[name] for post, names in zip(posts, named, strict=True) for name in names]
        cut_texts = iter(self.cut([self.space + text for text in texts]) if texts else ())
        before, between, after = self.special
        limit = length or self.longest // 4
        if contexts:  # of the longest contexts: such a post may come only once the model is trained
            self._room(len(before) + len(after) + limit + len(contexts) * len(between))
        encoded = []
        for post, names in zip(posts, named, strict=True):
            rows = [next(pieces) for _ in post.tokens]
            context, cut = concatenate_contexts(((name, next(cut_texts)) for name in names), between, limit)
            text = self.lay_out(
                [rows[index] for index in post.kept],
                [casing_of(post.tokens[index]) for index in post.kept],
                context,
                [len(ids) for ids in rows],
            )
            unknown = sum(self._unknown in rows[index] for index in post.kept) if self._names_unknown else 0
            encoded.append(replace(text, cut=cut, unknown=unknown))
        return encoded

    @cached_property
    def special(self) -> tuple[list[int], list[int], list[int]]:
        """Special subwords before, between and after two segments, as the tokenizer places them.

        If it places none between them, a line break takes their place.
        """
        plain = self.pretrained("a", add_special_tokens=False)["input_ids"]
        pair = self.pretrained("a", "a")["input_ids"]
        first = _find(pair, plain, 0)
        second = _find(pair, plain, first + len(plain))
        between = pair[first + len(plain) : second] or self.cut(["\n"])[0]
        return pair[:first], between, pair[second + len(plain) :]

    @property
    def before(self) -> list[int]:
        """Special subwords at the beginning of each window."""
        return self.special[0]

    @cached_property
    def space(self) -> str:
        """Prefix with which a word is cut as in running text.

        It is empty, or a space where the tokenizer does not add one.
        """
        running, words = self.cut(["so we went to Rome"])[0], ["we", "went", "to", "Rome"]
        for space in ("", " "):
            cut = [piece for ids in self.cut([space + word for word in words]) for piece in ids]
            if running[-len(cut) :] == cut:
                return space
        return ""

    @cached_property
    def _unknown(self) -> int:
        unknown = self.pretrained.unk_token_id  # byte-level tokenizers delete nothing and have none
        return self.pretrained.eos_token_id if unknown is None else unknown

    @property
    def _names_unknown(self) -> bool:
        """Whether the unknown subword has no other meaning."""
        return self.pretrained.unk_token_id not in (None, self.pretrained.eos_token_id)

    def cut(self, texts: list[str]) -> list[list[int]]:
        """Subwords of texts, none special: a word that spells one, such as ``[SEP]``, is cut or unknown."""
        split = {"split_special_tokens": True} if self.pretrained.is_fast else {}
        rows = self.pretrained(texts, add_special_tokens=False, verbose=False, **split)["input_ids"]
        special = {*self.pretrained.all_special_ids} - {self._unknown}
        return [
            row if special.isdisjoint(row) else [self._unknown if one in special else one for one in row]
            for row in rows
        ]

    def _room(self, used: int) -> int:
        """Subwords that a window has left beside ``used`` ones; raises ``UserError`` if none is left."""
        if (room := self.longest - used) < 1:
            raise UserError(
                f"text encoder: windows of {quantity(self.longest, 'subword')} have no room for a word "
                "beside the special subwords and the contexts. Raise its `max_subwords` or lower the "
                "variant's `context_length`."
            )
        return room

    def lay_out(
        self, words: list[list[int]], casings: list[int], context: list[int], subwords: list[int]
    ) -> EncodedText:
        """Lay out words in windows, each with the whole context.

        Args:
            words: the subwords of each kept word; a word longer than a window is cut to it.
            casings: index in ``CASINGS`` of each kept word.
            context: subwords of the contexts.
            subwords: number of subwords of each token, dropped ones included.
        """
        before, between, after = self.special
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
            length_without_contexts = self.lay_out(whole, casings, [], subwords).length_without_contexts
        return EncodedText(
            windows, units, subwords, length_without_contexts, {"types": types, "casings": cases}
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
