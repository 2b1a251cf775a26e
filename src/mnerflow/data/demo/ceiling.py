"""The best score that a text-only model can reach, by construction of the demo posts."""

from collections.abc import Iterable


def best_entity_f1(probabilities: Iterable[float]) -> float:
    """The highest entity-level micro F1 that any text-only model can expect, as a fraction.

    ``probabilities`` has one number for each gold entity: the probability that the best guess of its
    type is right, given everything the text says (1 if the text determines the type, 1/k if it leaves
    k types equally likely). Spans are taken as known. Of ``n`` gold entities, a model that predicts the
    set ``S`` expects ``sum(p in S)`` hits, so on expected counts::

        F1(S) = 2 * sum(p in S) / (len(S) + n)

    For a given size of ``S`` the most probable mentions are best, so the maximum lies among the prefixes
    of the mentions sorted by ``p``. The best ``S`` contains exactly the mentions with ``p > F1 / 2``: leaving
    a mention untagged can pay (Lipton, Elkan & Narayanaswamy 2014, "Optimal thresholding of classifiers to
    maximize F1 measure"). Without any entity the result is 0, as in seqeval.
    """
    ordered = sorted(probabilities, reverse=True)
    best = hits = 0.0
    for predicted, probability in enumerate(ordered, start=1):
        hits += probability
        best = max(best, 2 * hits / (predicted + len(ordered)))
    return best
