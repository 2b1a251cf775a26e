"""A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001) that knows IOB2."""

import torch
from torch import Tensor, nn

from mnerflow.data.tags import entity_type
from mnerflow.models.decoders import Decoder

# Instead of minus infinity, whose differences are NaN; e to this power is 0 in fp32.
FORBIDDEN = -1e4


class CRF(Decoder):
    """Scores whole tag sequences: emissions, transitions, the first and the last tag.

    What IOB2 forbids (``I-X`` not after ``B-X`` or ``I-X``) has no probability. Computes in fp32 whatever
    the emissions are, since sums of exponentials over a sentence are beyond bf16.
    """

    def __init__(self, tags: list[str], class_weights: Tensor | None = None, focal: float = 0.0) -> None:
        if class_weights is not None or focal:
            raise ValueError("it scores whole sequences and cannot weigh single words; choose softmax")
        super().__init__(tags)
        count = len(tags)
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

    def loss(self, emissions: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Mean negative log-likelihood a word.

        A stray ``I-`` in the labels, which this model holds for impossible, is read as the ``B-`` that it
        stands for.
        """
        emissions = emissions.float()
        gold = self._score(emissions, self._repaired(labels), word_mask)
        return (self._partition(emissions, word_mask) - gold).sum() / word_mask.sum()

    def decode(self, emissions: Tensor, word_mask: Tensor) -> Tensor:
        """Return the most probable legal tags ``(batch, words)`` (Viterbi)."""
        emissions = emissions.float()
        first, transitions = self._scores()
        score = first + emissions[:, 0]
        pointers = []
        stay = torch.arange(len(self.tags), device=emissions.device).expand_as(score)
        for word in range(1, emissions.shape[1]):
            best, pointer = (score.unsqueeze(2) + transitions).max(1)
            here = word_mask[:, word].unsqueeze(1)
            score = torch.where(here, best + emissions[:, word], score)
            pointers.append(torch.where(here, pointer, stay))
        tag = (score + self.last).argmax(1)
        path = [tag]
        for pointer in reversed(pointers):
            tag = pointer.gather(1, tag.unsqueeze(1)).squeeze(1)
            path.append(tag)
        return torch.stack(path[::-1], dim=1)

    def _scores(self) -> tuple[Tensor, Tensor]:
        """Scores of the first tag ``(tags)`` and of transitions ``(from, to)``, forbidden ones included."""
        first = self.first.masked_fill(~self.legal_first, FORBIDDEN)
        return first, self.transitions.masked_fill(~self.legal, FORBIDDEN)

    def _score(self, emissions: Tensor, labels: Tensor, word_mask: Tensor) -> Tensor:
        """Score ``(batch,)`` of the given sequences."""
        first, transitions = self._scores()
        mask = word_mask.float()
        chosen = emissions.gather(2, labels.unsqueeze(2)).squeeze(2)
        moves = transitions[labels[:, :-1], labels[:, 1:]] * mask[:, 1:]
        ends = labels.gather(1, word_mask.sum(1, keepdim=True) - 1).squeeze(1)
        return first[labels[:, 0]] + (chosen * mask).sum(1) + moves.sum(1) + self.last[ends]

    def _partition(self, emissions: Tensor, word_mask: Tensor) -> Tensor:
        """Log of the sum over all sequences ``(batch,)``, by the forward algorithm."""
        first, transitions = self._scores()
        alpha = first + emissions[:, 0]
        for word in range(1, emissions.shape[1]):
            step = torch.logsumexp(alpha.unsqueeze(2) + transitions, dim=1) + emissions[:, word]
            alpha = torch.where(word_mask[:, word].unsqueeze(1), step, alpha)
        return torch.logsumexp(alpha + self.last, dim=1)

    def _repaired(self, labels: Tensor) -> Tensor:
        """Labels with every stray ``I-`` as ``B-``."""
        stray = torch.cat(
            [~self.legal_first[labels[:, :1]], ~self.legal[labels[:, :-1], labels[:, 1:]]], dim=1
        )
        return torch.where(stray, self.begins[labels], labels)
