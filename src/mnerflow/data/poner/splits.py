"""PONER's splits: the published one, one by page, and how much pages leak from training to test."""

import random
from collections import Counter, defaultdict

from mnerflow.data.pages.stream import groups_of_pages
from mnerflow.data.poner.align import PlacedSentence, Placement
from mnerflow.data.post import SPLITS

Splits = dict[str, list[PlacedSentence]]


def published_split(placement: Placement) -> Splits:
    """The sentences as published, in published order."""
    splits: Splits = {split: [] for split in SPLITS}
    for sentence in placement.sentences:
        splits[sentence.split].append(sentence)
    return splits


def page_split(placement: Placement, seed: int) -> Splits:
    """The same sentences in new splits with no page in two of them, of nearly the published sizes.

    Pages that share a sentence stay together. Collection by collection, in an order drawn from ``seed``, each
    page goes to the split that is furthest from its published size, relative to that size. So every
    collection is divided in the same way. Sentences whose page is unknown are left out, since they might leak
    in any split.
    """
    sizes = Counter(sentence.split for sentence in placement.sentences if sentence.lines)
    sentences = defaultdict(list)
    groups = groups_of_pages(sentence.pages for sentence in placement.sentences)
    for sentence in placement.sentences:
        if sentence.lines:
            sentences[groups[sentence.lines[0][0]]].append(sentence)
    order = list(dict.fromkeys(groups[page] for page in placement.pages if page in groups))
    random.Random(seed).shuffle(order)
    order.sort(key=lambda group: placement.pages[group].collection)
    splits: Splits = {split: [] for split in SPLITS}
    for group in order:
        emptiest = min(sizes, key=lambda split: len(splits[split]) / sizes[split])
        splits[emptiest] += sentences[group]
    return splits


def leak(splits: Splits) -> dict[str, int]:
    """How many pages occur in several splits, and how many test sentences lie on a page seen in training.

    Counts marked ``certain`` include only sentences, in training and in test, that occur in a single place.
    """
    counts = {}
    for name, counted in (("", lambda s: True), (", certain", lambda s: s.copies == 1)):
        pages = {
            split: {page for sentence in members if counted(sentence) for page in sentence.pages}
            for split, members in splits.items()
        }
        shares = Counter(page for known in pages.values() for page in known)
        counts[f"pages{name}"] = len(shares)
        counts[f"pages in several splits{name}"] = sum(number > 1 for number in shares.values())
        test = [sentence for sentence in splits["test"] if counted(sentence)]
        counts[f"test sentences{name}"] = len(test)
        counts[f"test sentences of a page with training sentences{name}"] = sum(
            not pages["train"].isdisjoint(sentence.pages) for sentence in test
        )
    return counts
