"""A sample of test posts with their images, and the entities that each model predicts in them."""

import io
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image, ImageChops

from mnerflow.data.image import BLANK_COLOUR, BrokenImage, decode
from mnerflow.data.post import read_posts
from mnerflow.data.tags import Entity, Names, TypeNames
from mnerflow.evaluation.counts import Counts, check_predicted_from
from mnerflow.evaluation.errors import gold_by_post, outcomes, predicted_by_post
from mnerflow.plan.baselines import Baselines
from mnerflow.plan.names import Run, data_label

POSTS = 150  # over all data sets: enough to browse, and the page stays a few megabytes
SIDE = 192  # pixels: longer side of a thumbnail, sharp at the 6 rem at which it is shown
SEED = 0
Read = tuple[Entity, ...]  # the entities that a model predicts in a post


def gallery(
    posts: Mapping[tuple[str, str], Path],
    counts: Mapping[Run, Counts],
    images: Mapping[str, Path],
    baselines: Baselines,
    names: TypeNames,
) -> list[dict[str, Any]]:
    """A group for each data set and filter, each with the same share of ``POSTS`` posts, as plain values.

    A group has ``models`` (a run of each combination, of the same seed where possible; ``baseline`` is the
    index of its first baseline in the list) and ``posts``. A post has its ``tokens``, its ``image`` as a data
    URL, the ``gold`` entities ``[type, start, end]``, and in ``read``, for each model, its ``entities``,
    ``score`` (right minus wrong entities) and kinds of ``errors``. ``names`` are the displayed names of
    types, by data set. Raises ``UserError`` naming a run that was predicted from other posts.
    """
    groups = []
    for (dataset, filter_name), path in sorted(posts.items()):
        runs = _one_seed_each([run for run in counts if (run.dataset, run.filter) == (dataset, filter_name)])
        tested = read_posts(path)
        check_predicted_from(tested, {run: counts[run] for run in runs})
        gold = gold_by_post(counts[runs[0]])
        read = [predicted_by_post(counts[run]) for run in runs]
        places = _places(runs, baselines)
        called = names.get(dataset, {})
        chosen = sample(_balance(gold, read, places), max(1, POSTS // len(posts)), Random(SEED))
        groups.append(
            {
                "name": data_label(dataset, filter_name),
                "models": [
                    {"name": run.model, "run": run.path, "baseline": place}
                    for run, place in zip(runs, places, strict=True)
                ],
                "posts": [
                    {
                        "id": tested[index].id,
                        "tokens": tested[index].tokens,
                        "image": _image(tested[index].images, images.get(dataset)),
                        "gold": _named(gold[index], called),
                        "read": [_answer(gold[index], each[index], called) for each in read],
                    }
                    for index in chosen
                ],
            }
        )
    return groups


def sample(balance: Sequence[int], size: int, random: Random) -> list[int]:
    """Indices of at most ``size`` posts: a third each that the image helped, hurt and left the same.

    ``balance`` is positive where, over all, the fusions read a post better than their baselines, negative
    where worse. If one kind has too few posts, others take their place. The posts on which the fusions change
    most come first.
    """
    order = random.sample(range(len(balance)), len(balance))
    signs: Sequence[Callable[[int], bool]] = (lambda b: b > 0, lambda b: b < 0, lambda b: b == 0)
    thirds = [[index for index in order if sign(balance[index])] for sign in signs]
    first = [index for third in thirds for index in third[: size // 3]]
    rest = [index for index in order if index not in set(first)]
    return sorted([*first, *rest][:size], key=lambda index: (-abs(balance[index]), index))


def thumbnail(folder: Path, name: str) -> str:
    """An image as a small WebP data URL; empty where it cannot be used."""
    try:
        image = Image.fromarray(decode(folder, name, SIDE)[0])
    except BrokenImage:
        return ""
    bars = ImageChops.difference(image, Image.new("RGB", image.size, BLANK_COLOUR)).getbbox()
    file = io.BytesIO()
    image.crop(bars).save(file, "WEBP", quality=75)
    return "data:image/webp;base64," + b64encode(file.getvalue()).decode()


def _one_seed_each(runs: Collection[Run]) -> list[Run]:
    """One run of each combination, in order, with the seed that most of them have, or the lowest such."""
    having = Counter(run.seed for run in runs)
    return [
        min(seeds, key=lambda run: (-having[run.seed], run.seed))
        for _, seeds in groupby(sorted(runs), key=lambda run: run.combination)
    ]


def _places(runs: Sequence[Run], baselines: Baselines) -> list[int | None]:
    """For each run, the index of its first baseline among the runs."""
    order = {run.combination: place for place, run in enumerate(runs)}
    others = (baselines.get(run.combination, {}).values() for run in runs)
    return [next((order[other] for other in each if other in order), None) for each in others]


def _balance(
    gold: Sequence[Read], read: Sequence[Sequence[Read]], baselines: Sequence[int | None]
) -> list[int]:
    """For every post, the score of all fusions minus that of their baselines."""
    scores = [[*map(_score, gold, each)] for each in read]
    pairs = [(scores[model], scores[place]) for model, place in enumerate(baselines) if place is not None]
    return [sum(model[i] - other[i] for model, other in pairs) for i in range(len(gold))]


def _score(gold: Read, predicted: Read) -> int:
    return 2 * len({*gold} & {*predicted}) - len({*predicted})


def _answer(gold: Read, predicted: Read, names: Names) -> dict[str, Any]:
    return {
        "entities": _named(predicted, names),
        "score": _score(gold, predicted),
        "errors": sorted({outcome.kind for outcome in outcomes(gold, predicted)} - {"correct"}),
    }


def _named(entities: Read, names: Names) -> list[tuple[str, int, int]]:
    return [(names.get(kind, kind), start, end) for kind, start, end in entities]


def _image(names: Sequence[str], folder: Path | None) -> str:
    """The first of a post's images that can be used; empty where there is none."""
    thumbnails = (thumbnail(folder, name) for name in names) if folder else ()
    return next(filter(None, thumbnails), "")
