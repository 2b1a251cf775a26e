"""A decoder of whole spans with one biaffine score per span and type.

The biaffine score follows Yu, Bohnet and Poesio 2020 (acl-main.577).
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from mnerflow.data.tags import OUTSIDE, spans
from mnerflow.models.decoders import FORBIDDEN, Decoded, Decoder, exact


class Span(Decoder):
    """Segments a post into entities and single words outside, with the highest sum of scores.

    A span of up to ``max_length`` words has one score per type, from its first word, its last word and its
    length. A word outside has a score of 0, so the scores are log-odds against it. The probability of a
    segmentation is the exponential of its score, divided by the sum over all segmentations (a semi-Markov
    model, Sarawagi and Cohen 2004). The loss, the best segmentation and the marginals are exact. Longer gold
    entities are learnt as words outside.

    Args:
        d_model: size of a word's vector.
        tags: the tags, by index.
        max_length: length of the longest span, in words.
        hidden: size of the vectors of a span's first and last word.
        dropout: dropout of these vectors.
    """

    kind_of_tag: Tensor
    is_inside: Tensor

    def __init__(
        self,
        d_model: int,
        tags: Sequence[str],
        max_length: Annotated[int, 1, 64] = 8,
        hidden: Annotated[int, 1, 4096] = 128,
        dropout: Annotated[float, 0, 1] = 0.1,
    ) -> None:
        super().__init__(d_model, tags)
        self.types = _types(tags)
        self.max_length = max_length
        ends = (nn.Sequential(nn.Linear(d_model, hidden), nn.GELU(), nn.Dropout(dropout)) for _ in range(2))
        self.first, self.last = ends
        # One matrix per type. A 1 is appended to both vectors to include terms of one of them alone.
        self.biaffine = nn.Parameter(torch.randn(len(self.types), hidden + 1, hidden + 1) / hidden)
        self.length = nn.Parameter(torch.zeros(max_length, len(self.types)))
        kinds = [self.types.index(tag[2:]) if tag != OUTSIDE else len(self.types) for tag in tags]
        self.register_buffer("kind_of_tag", torch.tensor(kinds), persistent=False)
        self.register_buffer("is_inside", torch.tensor([tag[0] == "I" for tag in tags]), persistent=False)

    def named_axes(self, tags: Sequence[str]) -> Mapping[str, Sequence[Sequence[str] | None]]:
        """The biaffine matrices and the scores of lengths count types."""
        return {"biaffine": (_types(tags), None, None), "length": (None, _types(tags))}

    def count_unrepresentable(self, labels: Sequence[str]) -> int:
        """Number of entities with more words than ``max_length``."""
        return sum(end - start > self.max_length for _, start, end in spans(labels))

    def forward(self, words: Tensor) -> Tensor:
        """Score spans ``(batch, words, lengths, types)``, by first word and number of further words."""
        longest = min(self.max_length, words.shape[1])
        first, last = (pad(end(words), (0, 1), value=1.0) for end in (self.first, self.last))
        last = pad(last, (0, 0, 0, longest - 1)).unfold(1, longest, 1)  # (batch, words, hidden, lengths)
        by_type = torch.einsum("bwh,thk->bwtk", first, self.biaffine)
        return (by_type @ last).transpose(2, 3) + self.length[:longest]

    def loss(self, scores: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean negative log-likelihood per word of the gold segmentations, in fp32."""
        segments = _segments(scores.float(), word_mask)
        total = _sums(segments.logsumexp(3))[-1]
        begins, lengths, kinds = self._gold(labels, word_mask)
        begins = begins & (lengths <= segments.shape[2])
        places = (lengths - 1) * segments.shape[3] + kinds
        gold = segments.flatten(2).gather(2, places.masked_fill(~begins, 0).unsqueeze(2)).squeeze(2)
        return (total.sum() - (gold * begins).sum()) / word_mask.sum()

    def decode(self, scores: Tensor, word_mask: Tensor) -> list[Decoded]:
        """Find the segmentation with the highest score, with the marginals of its entities and words."""
        word_mask = word_mask.cpu()
        segments = _segments(exact(scores), word_mask)
        marginals = _marginals(segments)
        words = self._of_words(marginals).tolist()
        decoded = []
        lengths = word_mask.sum(1).tolist()
        for row, (found, length) in enumerate(zip(_best(segments), lengths, strict=True)):
            tags = [OUTSIDE] * length
            for start, end, kind in found:
                tags[start:end] = [
                    f"{'I' if place else 'B'}-{self.types[kind]}" for place in range(end - start)
                ]
            confidence = [words[row][index][self.tags.index(tag)] for index, tag in enumerate(tags)]
            entities = [float(marginals[row, start, end - start - 1, kind]) for start, end, kind in found]
            decoded.append(Decoded(tags, confidence, entities))
        return decoded

    def _gold(self, labels: Tensor, word_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Gold entities by word, as ``spans`` reads them: whether one begins there, its length, its type.

        All are ``(batch, words)``. Lengths are in words. Length and type mean nothing where no entity begins.
        """
        kinds = self.kind_of_tag[labels].masked_fill(~word_mask, len(self.types))
        goes_on = self.is_inside[labels] & (kinds == pad(kinds, (1, -1), value=len(self.types)))
        begins = (kinds < len(self.types)) & ~goes_on
        places = torch.arange(labels.shape[1], device=labels.device)
        # An entity ends at the next word that does not continue one.
        stops = places.expand_as(labels).masked_fill(goes_on, labels.shape[1])
        following = pad(stops, (-1, 1), value=labels.shape[1])
        ends = following.flip(1).cummin(1).values.flip(1)
        return begins, ends - places, kinds

    def _of_words(self, marginals: Tensor) -> Tensor:
        """Tag probabilities ``(batch, words, tags)`` from spans' ``(batch, words, lengths, types)``."""
        begin = marginals.sum(2)
        inside = torch.zeros_like(begin)
        for further in range(1, marginals.shape[2]):
            inside[:, further:] += marginals[:, :-further, further:].sum(2)
        words = marginals.new_zeros(*begin.shape[:2], len(self.tags))
        for number, kind in enumerate(self.types):
            words[..., self.tags.index(f"B-{kind}")] = begin[..., number]
            words[..., self.tags.index(f"I-{kind}")] = inside[..., number]
        words[..., self.tags.index(OUTSIDE)] = 1 - begin.sum(2) - inside.sum(2)
        return words.clamp(0, 1)


def _types(tags: Sequence[str]) -> list[str]:
    return [tag[2:] for tag in tags if tag.startswith("B-")]


def _segments(scores: Tensor, word_mask: Tensor) -> Tensor:
    """Scores ``(batch, words, lengths, types + 1)`` of segments; the last type is a word outside.

    A segment that leaves the post has probability 0. Padding counts as words outside, so it changes no sum.
    """
    batch, count, longest, _ = scores.shape
    places = torch.arange(count, device=scores.device).unsqueeze(1) + torch.arange(
        longest, device=scores.device
    )
    leaves = places >= word_mask.sum(1).view(batch, 1, 1)
    scores = scores.masked_fill(leaves.unsqueeze(3), FORBIDDEN)
    outside = scores.new_full((batch, count, longest, 1), FORBIDDEN)
    outside[:, :, 0] = 0
    return torch.cat([scores, outside], dim=3)


def _sums(lengths: Tensor) -> list[Tensor]:
    """For each number of first words, log of the sum over all their segmentations ``(batch,)``.

    ``lengths (batch, words, lengths)`` scores segments by first word and length.
    """
    batch, count, longest = lengths.shape
    sums = [lengths.new_zeros(batch)]
    # Scores of the segments that end at a word, by length.
    ending = torch.stack([pad(lengths[:, : count - n, n], (n, 0)) for n in range(longest)], 2)
    for word in range(count):
        before = torch.stack(sums[: -longest - 1 : -1], dim=1)
        sums.append(torch.logsumexp(before + ending[:, word, : before.shape[1]], dim=1))
    return sums


def _marginals(segments: Tensor) -> Tensor:
    """Marginal probabilities ``(batch, words, lengths, types)`` of spans."""
    lengths = segments.logsumexp(3)
    before, longest = torch.stack(_sums(lengths), dim=1), lengths.shape[2]
    after = [torch.zeros_like(before[:, 0])]
    for word in range(lengths.shape[1] - 1, -1, -1):
        behind = torch.stack(after[: -longest - 1 : -1], dim=1)
        after.append(torch.logsumexp(behind + lengths[:, word, : behind.shape[1]], dim=1))
    behind = pad(torch.stack(after[-2::-1], dim=1), (0, longest - 1)).unfold(1, longest, 1)
    around = before[:, :-1].unsqueeze(2) + behind - before[:, -1].view(-1, 1, 1)
    return (around.unsqueeze(3) + segments[..., :-1]).exp().clamp(max=1)


def _best(segments: Tensor) -> list[list[tuple[int, int, int]]]:
    """The entities ``(start, end, type)`` of each post's best segmentation, in their order."""
    outside = segments.shape[3] - 1
    lengths, kinds = segments.max(3)
    found = []
    for post, chosen in zip(lengths.tolist(), kinds.tolist(), strict=True):
        best, cuts = [0.0], []
        for end in range(1, len(post) + 1):
            ways = [
                (best[start] + post[start][end - start - 1], start)
                for start in range(max(0, end - len(post[0])), end)
            ]
            score, start = max(ways)
            best.append(score)
            cuts.append(start)
        entities, end = [], len(post)
        while end:
            start = cuts[end - 1]
            if (kind := chosen[start][end - start - 1]) != outside:
                entities.append((start, end, kind))
            end = start
        found.append(entities[::-1])
    return found
