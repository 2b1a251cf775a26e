"""A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001) that enforces IOB2."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mnerflow.data.tags import entity_type, spans
from mnerflow.models.decoders import FORBIDDEN, Decoded, Decoder, exact, head

Table = list[list[float]]


class CRF(Decoder):
    """Scores whole tag sequences by the scores of each word's tag, transitions, first and last tag.

    A sequence that IOB2 forbids, with ``I-X`` after neither ``B-X`` nor ``I-X``, has probability 0. The loss
    is computed in fp32 whatever the dtype of the scores, because bf16 does not suffice for sums of
    exponentials over a sentence.
    """

    legal: Tensor
    legal_first: Tensor
    begins: Tensor

    def __init__(self, d_model: int, tags: Sequence[str]) -> None:
        super().__init__(d_model, tags)
        count = len(tags)
        self.head = head(d_model, count)
        self.transitions = nn.Parameter(torch.empty(count, count).uniform_(-0.1, 0.1))
        self.first = nn.Parameter(torch.empty(count).uniform_(-0.1, 0.1))
        self.last = nn.Parameter(torch.empty(count).uniform_(-0.1, 0.1))
        inside = [tag.startswith("I-") for tag in tags]
        continues = [[entity_type(a) == entity_type(b) for b in tags] for a in tags]
        legal = torch.tensor([[not inside[b] or continues[a][b] for b in range(count)] for a in range(count)])
        begins = [tags.index(f"B-{entity_type(tag)}") if inside[i] else i for i, tag in enumerate(tags)]
        self.register_buffer("legal", legal, persistent=False)
        self.register_buffer("legal_first", ~torch.tensor(inside), persistent=False)
        self.register_buffer("begins", torch.tensor(begins), persistent=False)

    def named_axes(self, tags: Sequence[str]) -> Mapping[str, Sequence[Sequence[str] | None]]:
        """The head, the transitions, and the scores of first and last tags count tags."""
        single = dict.fromkeys(("first", "last", "head.bias"), (tags,))
        return {"head.weight": (tags, None), "transitions": (tags, tags)} | single

    def forward(self, words: Tensor) -> Tensor:
        """Score each word's tags, ``(batch, words, tags)``, without transitions."""
        return self.head(words)

    def loss(self, scores: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean negative log-likelihood per word.

        A stray ``I-`` in the labels is impossible for this model, so it is read as ``B-``.
        """
        scores = scores.float()
        gold = self._score(scores, self._repaired(labels), word_mask)
        total = torch.logsumexp(self._forward(scores, word_mask)[-1] + self.last, dim=1)
        return (total - gold).sum() / word_mask.sum()

    def decode(self, scores: Tensor, word_mask: Tensor) -> list[Decoded]:
        """Find the most probable legal tags, with their marginals (forward-backward)."""
        scores, word_mask = exact(scores), word_mask.cpu()
        forward = torch.stack(self._forward(scores, word_mask), dim=1)
        backward = torch.stack(self._backward(scores, word_mask), dim=1)
        total = torch.logsumexp(forward[:, :1] + backward[:, :1], dim=2, keepdim=True)
        chosen = self._best(scores, word_mask)
        marginals = (forward + backward - total).exp().clamp(max=1)
        sure = marginals.gather(2, chosen.unsqueeze(2)).squeeze(2).tolist()
        # Log scores by word and tag: of everything up to the word, of the word alone, of everything after it.
        until, alone, after = (forward - total).tolist(), scores.tolist(), backward.tolist()
        moves = self._scores(scores)[1].tolist()
        decoded = []
        for row, length in enumerate(word_mask.sum(1).tolist()):
            tags = [self.tags[index] for index in chosen[row, :length].tolist()]
            tables = until[row][:length], alone[row], after[row], moves
            entities = [self._probability(tables, *span) for span in spans(tags)]
            decoded.append(Decoded(tags, sure[row][:length], entities))
        return decoded

    def _best(self, scores: Tensor, word_mask: Tensor) -> Tensor:
        """The most probable legal tags ``(batch, words)`` (Viterbi), meaningless outside the mask."""
        first, transitions, last = self._scores(scores)
        score = first + scores[:, 0]
        pointers = []
        stay = torch.arange(len(self.tags), device=scores.device).expand_as(score)
        for word in range(1, scores.shape[1]):
            best, pointer = (score.unsqueeze(2) + transitions).max(1)
            here = word_mask[:, word].unsqueeze(1)
            score = torch.where(here, best + scores[:, word], score)
            pointers.append(torch.where(here, pointer, stay))
        tag = (score + last).argmax(1)
        path = [tag]
        for pointer in reversed(pointers):
            tag = pointer.gather(1, tag.unsqueeze(1)).squeeze(1)
            path.append(tag)
        return torch.stack(path[::-1], dim=1)

    def _scores(self, like: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of the first tag ``(tags)``, of transitions ``(from, to)`` and of the last tag ``(tags)``.

        Forbidden ones are masked. Dtype and device are those of ``like``.
        """
        first = self.first.masked_fill(~self.legal_first, FORBIDDEN)
        transitions = self.transitions.masked_fill(~self.legal, FORBIDDEN)
        return first.to(like), transitions.to(like), self.last.to(like)

    def _score(self, scores: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Scores ``(batch,)`` of the given sequences."""
        first, transitions, last = self._scores(scores)
        mask = word_mask.float()
        chosen = scores.gather(2, labels.unsqueeze(2)).squeeze(2)
        moves = transitions[labels[:, :-1], labels[:, 1:]] * mask[:, 1:]
        ends = labels.gather(1, word_mask.sum(1, keepdim=True) - 1).squeeze(1)
        return first[labels[:, 0]] + (chosen * mask).sum(1) + moves.sum(1) + last[ends]

    def _forward(self, scores: Tensor, word_mask: Tensor) -> list[Tensor]:
        """For each word and tag ``(batch, tags)``, log of the sum over all sequences up to there.

        Padding repeats the sums of a post's last word.
        """
        first, transitions, _ = self._scores(scores)
        sums = [first + scores[:, 0]]
        for word in range(1, scores.shape[1]):
            step = torch.logsumexp(sums[-1].unsqueeze(2) + transitions, dim=1) + scores[:, word]
            sums.append(torch.where(word_mask[:, word].unsqueeze(1), step, sums[-1]))
        return sums

    def _backward(self, scores: Tensor, word_mask: Tensor) -> list[Tensor]:
        """For each word and tag ``(batch, tags)``, log of the sum over all sequences that may follow."""
        _, transitions, last = self._scores(scores)
        sums = [last.expand(len(scores), -1)]
        for word in range(scores.shape[1] - 1, 0, -1):
            step = torch.logsumexp(transitions + (scores[:, word] + sums[-1]).unsqueeze(1), dim=2)
            sums.append(torch.where(word_mask[:, word].unsqueeze(1), step, last))
        return sums[::-1]

    def _probability(
        self, tables: tuple[Table, Table, Table, Table], kind: str, start: int, end: int
    ) -> float:
        """Probability that a sequence contains exactly this entity, given the ``tables`` of ``decode``."""
        until, alone, after, moves = tables
        tag, inside = self.tags.index(f"B-{kind}"), self.tags.index(f"I-{kind}")
        score = until[start][tag]
        for word in range(start + 1, end):
            score += moves[tag][inside] + alone[word][inside]
            tag = inside
        chance = math.exp(min(0.0, score + after[end - 1][tag]))  # rounding of large scores may exceed 0
        if end < len(until):  # less the entities that continue
            score += moves[tag][inside] + alone[end][inside] + after[end][inside]
            chance -= math.exp(min(0.0, score))
        return max(0.0, chance)

    def _repaired(self, labels: Tensor) -> Tensor:
        """Labels with every stray ``I-`` replaced by ``B-``."""
        stray = torch.cat(
            [~self.legal_first[labels[:, :1]], ~self.legal[labels[:, :-1], labels[:, 1:]]], dim=1
        )
        return torch.where(stray, self.begins[labels], labels)
