"""Posts of one split, encoded once and cut into batches for a tagger."""

import mmap
from collections import Counter
from collections.abc import Hashable, Sequence
from copy import copy
from dataclasses import replace
from logging import INFO, WARNING
from typing import Self, TypeVar

import numpy
import torch

from mnerflow.conditions import IMAGE, Condition, meet, shuffled
from mnerflow.config import RunConfig
from mnerflow.data.image_store import BLANK_ROW
from mnerflow.data.post import Post
from mnerflow.log import logger
from mnerflow.models.batch import Batch
from mnerflow.models.padding import mask_of, padded
from mnerflow.models.tagger import Tagger
from mnerflow.record import Unread
from mnerflow.training.batches import batches
from mnerflow.training.images import ImageLookup

T = TypeVar("T")
UNKNOWN = 0.1  # share of unknown tokens from which another encoder should be chosen


class Inputs:
    """A split in the form that a tagger reads.

    Args:
        posts: posts of the split.
        tagger: tagger whose encoder turns posts into numbers.
        contexts: names of the contexts that it reads beside the text, in order.
        images: ``(rows, …)`` pixels or features; row 0 stands in for a missing image.
        rows: for every post, the rows of its images.
        context_length: limit on the units of all contexts together, see ``RunConfig``.

    Attributes:
        entities_lost: number of entities that the decoder can neither learn nor predict.
    """

    def __init__(
        self,
        posts: Sequence[Post],
        tagger: Tagger,
        contexts: Sequence[str] = (),
        images: numpy.ndarray | None = None,
        rows: Sequence[Sequence[int]] = (),
        context_length: int = 0,
    ) -> None:
        self.posts = posts
        self.images = images
        self.rows = rows
        self._contexts, self._context_length = contexts, context_length
        self._encoder = tagger.encoder
        self.texts = self._encoder.encode(posts, contexts, context_length)
        indices = {tag: index for index, tag in enumerate(tagger.decoder.tags)}
        kept = [[post.labels[index] for index in post.kept] for post in posts]
        self._labels = [[indices[label] for label in labels] for labels in kept]
        self.entities_lost = sum(map(tagger.decoder.count_unrepresentable, kept))

    @property
    def contexts_cut(self) -> dict[str, int]:
        """Number of posts whose context is cut, by the name of the context."""
        cut = Counter(name for text in self.texts or () for name in text.cut)
        return {name: cut[name] for name in self._contexts}

    @property
    def unread(self) -> Unread:
        """What the text encoder does not know, or does not read at once."""
        return Unread(
            posts=len(self.posts),
            tokens=sum(map(len, self._labels)),
            unknown=sum(text.unknown for text in self.texts or ()),
            windowed=sum(len(text.windows) > 1 for text in self.texts or ()),
        )

    def log_unread(self, name: str) -> None:
        """Log what is not read of the split ``name``.

        This includes contexts that were cut, tokens with unknown subwords, entities that the decoder cannot
        predict, and the number of posts that are read in several windows.
        """
        unread = self.unread
        if unread.unknown:
            share = unread.unknown / unread.tokens
            said = "%s: %.1f %% of the tokens hold a subword or character that the encoder does not know"
            logger.log(WARNING if share >= UNKNOWN else INFO, said, name, 100 * share)
        if unread.windowed:
            said = "%s: posts read in windows, as longer than the encoder reads at once: %d of %d"
            logger.info(said, name, unread.windowed, unread.posts)
        for context, count in self.contexts_cut.items():
            if count:
                logger.warning(
                    "%s: posts whose context %s is cut: %d of %d", name, context, count, len(self.posts)
                )
        if self.entities_lost:
            logger.warning("%s: entities beyond what the decoder can predict: %d", name, self.entities_lost)

    def under(self, condition: Condition, seed: int) -> Self:
        """The same posts with the condition's source shuffled or blank.

        Shuffling may leave some posts with their own value, if most values are equal; their number is logged.
        """
        read, source = copy(self), condition.source
        if source == IMAGE:
            blank = [[BLANK_ROW] * len(rows) for rows in self.rows]
            read.rows = _changed(self.rows, list(map(frozenset, self.rows)), blank, condition, seed)
        elif source in self._contexts:
            texts = [post.contexts.get(source, "") for post in self.posts]
            identities = [frozenset({text}) for text in texts]
            changed = _changed(texts, identities, [""] * len(texts), condition, seed)
            pairs = zip(self.posts, changed, strict=True)
            read.posts = [_with_context(post, source, text) for post, text in pairs]
            read.texts = self._encoder.encode(read.posts, self._contexts, self._context_length)
        return read

    @property
    def lengths(self) -> list[int]:
        """Units of text of each post, without its contexts, by which training is cut into steps.

        Contexts and images do not count, so a model that reads them takes the same steps as its text-only
        baseline.
        """
        if self.texts is None:
            return list(map(len, self._labels))
        return [text.length_without_contexts for text in self.texts]

    def pieces(self, chosen: Sequence[int], max_units: int) -> list[list[int]]:
        """Divide the chosen posts into batches of at most ``max_units`` padded units, to be computed at once.

        Contexts and images count as much as the encoder says that they cost.
        """
        costs = []
        for index in chosen:
            text = self.texts[index] if self.texts else None
            length, windows = (text.length, len(text.windows)) if text else (len(self._labels[index]), 1)
            costs.append(self._encoder.cost(length, len(self._shown(index)), windows))
        return [[chosen[position] for position in piece] for piece in batches(costs, max_units)]

    def subwords(self, post: int) -> list[int]:
        """Number of subwords of each token, dropped ones included; 1 for models that read no text."""
        return self.texts[post].subwords if self.texts else [1] * len(self.posts[post].tokens)

    def words(self, chosen: Sequence[int]) -> int:
        """Number of words that the tagger reads in the chosen posts."""
        return sum(len(self._labels[index]) for index in chosen)

    def batch(self, chosen: Sequence[int]) -> Batch:
        """Pad the chosen posts into tensors.

        This happens ahead of a step, so no random numbers may be drawn.
        """
        labels = [self._labels[index] for index in chosen]
        word_mask = mask_of(torch.tensor([len(row) for row in labels]))
        texts = [self.texts[index] for index in chosen] if self.texts else []
        text = self._encoder.collate(texts, [len(self._shown(index)) for index in chosen])
        return Batch(text, word_mask, padded(labels), *self._images(chosen))

    def _shown(self, post: int) -> Sequence[int]:
        """Rows of the images that a post shows."""
        return self.rows[post] if self.images is not None else ()

    def _images(self, chosen: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        if self.images is None:
            none = torch.zeros(len(chosen), 0, dtype=torch.uint8)
            return none, none.bool(), none.flatten().long()
        shown = [self.rows[index] for index in chosen]
        # A batch needs a place for an image; it is masked if no post has one.
        rows = padded([row or [BLANK_ROW] for row in shown], BLANK_ROW)
        mask = padded([[1] * len(row) or [0] for row in shown]).bool()
        return torch.from_numpy(_read(self.images, rows.numpy())), mask, mask.flatten().nonzero().squeeze(1)


def encode_posts(run: RunConfig, tagger: Tagger, posts: Sequence[Post], images: ImageLookup | None) -> Inputs:
    """Encode posts for a run's tagger, with their images looked up in ``images``."""
    values, rows = (images.values, images.rows(posts)) if images else (None, [])
    return Inputs(posts, tagger, run.contexts, values, rows, run.context_length)


def _read(images: numpy.ndarray, rows: numpy.ndarray) -> numpy.ndarray:
    """``images[rows]``, read from a mapped file all at once: page by page, a disk is ten times slower."""
    if not isinstance(images, numpy.memmap):
        return images[rows]
    file: mmap.mmap = images._mmap  # type: ignore[attr-defined]  # numpy offers no other access
    start, size = images.offset % mmap.ALLOCATIONGRANULARITY, images[0].nbytes
    for row in numpy.unique(rows).tolist():
        first = start + row * size
        before = first % mmap.PAGESIZE
        file.madvise(mmap.MADV_WILLNEED, first - before, before + size)
    read = images[rows]
    file.madvise(mmap.MADV_DONTNEED)  # otherwise, memory grows with each image read
    return read


def _changed(
    values: Sequence[T],
    identities: Sequence[frozenset[Hashable]],
    blank: Sequence[T],
    condition: Condition,
    seed: int,
) -> Sequence[T]:
    """Shuffled or blank values of a source, to be shown instead of the posts' own ``values``.

    ``identities`` decide which posts ``meet``, see ``shuffled``.
    """
    if condition.change == "blank":
        return blank
    others = shuffled(identities, seed)
    if kept := sum(meet(identities[post], identities[other]) for post, other in enumerate(others)):
        said = "%s: posts that keep theirs, since more than half have the same: %d of %d"
        logger.warning(said, condition.name, kept, len(values))
    return [values[other] for other in others]


def _with_context(post: Post, name: str, text: str) -> Post:
    """Copy a post with another context of that name, or without one if ``text`` is empty."""
    others = {key: value for key, value in post.contexts.items() if key != name}
    return replace(post, contexts=others | ({name: text} if text else {}))
