import json
from collections import Counter
from dataclasses import asdict, replace
from itertools import combinations
from random import Random

import numpy as np
import pytest
from folder_contents import contents
from PIL import Image

from mnerflow.config import build
from mnerflow.data.config import DemoConfig
from mnerflow.data.demo import make_demo
from mnerflow.data.demo.ceiling import best_entity_f1
from mnerflow.data.demo.names import AMBIGUOUS, ENTITY_TYPES, UNAMBIGUOUS
from mnerflow.data.demo.pictures import draw_picture
from mnerflow.data.demo.posts import make_posts
from mnerflow.data.demo.templates import NEUTRAL, ONE_NAME, TWO_NAMES
from mnerflow.data.post import SPLITS, read_posts
from mnerflow.data.tags import repair, spans
from mnerflow.errors import UserError

SMALL = DemoConfig(
    {"train": 40, "dev": 20, "test": 20}, ambiguous=0.6, image_size=32, images="matched", seed=1
)


@pytest.fixture(scope="module")
def drafts():
    return make_posts(6000, 0.6, Random(5))


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matched")
    make_demo(SMALL, folder)
    return folder


# ceiling: worked out by hand


@pytest.mark.parametrize(
    ("probabilities", "best"),
    [
        ([], 0.0),
        ([1, 1], 1.0),
        ([0.5, 0.5], 0.5),
        ([1, 0.5], 0.75),  # both: 2 * 1.5 / (2 + 2); the first alone: 2 * 1 / (1 + 2) = 0.667
        ([1, 1, 1, 0.25], 6 / 7),  # leave the last untagged: 2 * 3 / (3 + 4); all: 2 * 3.25 / 8 = 0.8125
        ([0.25, 1, 1, 1], 6 / 7),  # the order of the mentions does not matter
        ([1 / 3] * 3, 1 / 3),
    ],
)
def test_ceiling_by_hand(probabilities, best):
    assert best_entity_f1(probabilities) == pytest.approx(best)


def test_ceiling_is_the_best_of_all_subsets():
    probabilities = [1, 1, 0.5, 0.5, 1 / 3, 0.25, 0.25]
    subsets = [s for size in range(8) for s in combinations(probabilities, size)]
    assert best_entity_f1(probabilities) == pytest.approx(max(2 * sum(s) / (len(s) + 7) for s in subsets))


# names and templates


def test_names_of_different_types_share_no_token_with_ambiguous_ones_and_no_name_with_each_other():
    names = [name for names in UNAMBIGUOUS.values() for name in names]
    assert len(names) == len(set(names))
    assert all(len(names) >= 40 and max(map(len, names)) == 3 for names in UNAMBIGUOUS.values())
    tokens = {token for name in names for token in name}
    assert not tokens & {token for name in AMBIGUOUS for token in name}
    assert len(AMBIGUOUS) >= 24
    assert all(2 <= len(set(types)) == len(types) <= 4 for types in AMBIGUOUS.values())


def test_all_types_are_equally_frequent_among_ambiguous_names():
    shares = Counter()
    for types in AMBIGUOUS.values():
        shares.update({entity_type: 1 / len(types) for entity_type in types})
    assert [round(shares[t] / len(AMBIGUOUS), 6) for t in ENTITY_TYPES] == [0.25] * 4


def test_each_template_has_the_slots_of_its_kind():
    def slots(template):
        return [token for token in template if token in (*ENTITY_TYPES, "NAME")]

    assert len(ONE_NAME) >= 25 and all(len(slots(t)) == 1 and "NAME" not in t for t in ONE_NAME)
    assert all(len(slots(t)) == 2 and "NAME" not in t for t in TWO_NAMES)
    assert len(NEUTRAL) >= 25 and all(slots(t) == ["NAME"] for t in NEUTRAL)


# posts


def test_posts_have_the_promised_shape(drafts):
    for draft in drafts:
        assert 6 <= len(draft.tokens) <= 16
        assert all(token and " " not in token for token in draft.tokens)
        assert repair(draft.labels) == draft.labels
        assert [(m.type, m.name) for m in draft.mentions] == [
            (kind, tuple(draft.tokens[start:end])) for kind, start, end in spans(draft.labels)
        ]
        assert sum(m.ambiguous for m in draft.mentions) <= 1
    entities = [len(draft.mentions) for draft in drafts]
    assert entities.count(0) == 300
    pairs = {pair for draft in drafts for pair in zip(draft.labels, draft.labels[1:], strict=False)}
    assert {("B-PER", "B-PER"), ("B-LOC", "B-MISC"), ("I-ORG", "B-MISC"), ("I-MISC", "I-MISC")} <= pairs


@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.9, 1])
def test_share_of_ambiguous_entities_is_the_one_asked_for(share):
    mentions = [m for draft in make_posts(2000, share, Random(1)) for m in draft.mentions]
    assert sum(m.ambiguous for m in mentions) / len(mentions) == pytest.approx(share, abs=0.005)


def test_every_name_has_each_of_its_types_equally_often(drafts):
    counts = Counter((m.name, m.type) for d in drafts for m in d.mentions if m.ambiguous)
    for name, types in AMBIGUOUS.items():
        numbers = [counts[name, entity_type] for entity_type in types]
        assert max(numbers) - min(numbers) <= 1 and min(numbers) > 20


def test_the_rest_of_the_post_says_nothing_about_the_type_of_an_ambiguous_name(drafts):
    """A Naive Bayes model of the name and its context guesses unseen posts no better than chance."""
    cases = [
        (mention.name, mention.type, [t for t in draft.tokens if t not in mention.name])
        for draft in drafts
        for mention in draft.mentions
        if mention.ambiguous and len(mention.open_types) == 2
    ]
    half = len(cases) // 2
    words, totals = Counter(), Counter()
    for _, entity_type, context in cases[:half]:
        words.update((entity_type, word) for word in context)
        totals[entity_type] += len(context)

    def evidence(entity_type: str, context: list[str]) -> float:
        return sum(np.log((words[entity_type, w] + 1) / (totals[entity_type] + 3000)) for w in context)

    right = [
        max(AMBIGUOUS[name], key=lambda t, c=context: evidence(t, c)) == entity_type
        for name, entity_type, context in cases[half:]
    ]
    assert np.mean(right) == pytest.approx(0.5, abs=4 * 0.5 / len(right) ** 0.5)


# pictures


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_pictures_are_varied_rgb_and_repeatable(entity_type):
    pictures = [draw_picture(entity_type, 48, f"seed {k}") for k in range(20)]
    assert all(p.mode == "RGB" and p.size == (48, 48) for p in pictures)
    assert len({p.tobytes() for p in pictures}) == 20
    assert draw_picture(entity_type, 48, "seed 3").tobytes() == pictures[3].tobytes()


# the whole data set


def test_data_set_is_complete_and_consistent(matched):
    ceiling = json.loads((matched / "ceiling.json").read_text())
    assert list(ceiling) == list(SPLITS)
    for split in SPLITS:
        posts = read_posts(matched / f"{split}.jsonl")
        assert len(posts) == SMALL.posts[split]
        assert len({post.id for post in posts}) == len(posts)
        assert ceiling[split]["entities"] == sum(len(list(spans(post.labels))) for post in posts)
        for post in posts:
            assert (post.contexts, post.language) == ({}, "en")
            (name,) = post.images
            assert Image.open(matched / "images" / name).size == (32, 32)
    assert len(list((matched / "images").iterdir())) == 80


def test_same_config_gives_the_same_bytes_and_replaces_what_was_there(matched, tmp_path):
    make_demo(replace(SMALL, posts={"train": 60, "dev": 20, "test": 20}, seed=2), tmp_path)
    make_demo(SMALL, tmp_path)
    assert contents(tmp_path) == contents(matched)


def test_control_has_the_same_posts_and_other_images(matched, tmp_path):
    make_demo(replace(SMALL, images="independent"), tmp_path)
    control, demo = contents(tmp_path), contents(matched)
    assert control.keys() == demo.keys()
    different = {name for name in demo if demo[name] != control[name]}
    assert different and all(name.startswith("images") for name in different)


@pytest.mark.parametrize("images", ["matched", "independent"])
def test_image_shows_the_type_of_the_ambiguous_name_only_when_matched(images, tmp_path, monkeypatch):
    shown = []

    def record(entity_type, size, seed):
        shown.append(entity_type)
        return Image.new("RGB", (size, size))

    monkeypatch.setattr("mnerflow.data.demo.draw_picture", record)
    make_demo(replace(SMALL, posts={"train": 800, "dev": 1, "test": 1}, images=images), tmp_path)
    cases = [
        (kind, entity_type)
        for post, entity_type in zip(read_posts(tmp_path / "train.jsonl"), shown, strict=False)
        for kind, start, end in spans(post.labels)
        if tuple(post.tokens[start:end]) in AMBIGUOUS
    ]
    agreement = np.mean([kind == entity_type for kind, entity_type in cases])
    assert agreement == (1 if images == "matched" else pytest.approx(0.25, abs=0.07))


def test_a_run_that_breaks_off_leaves_no_posts(tmp_path, monkeypatch):
    make_demo(SMALL, tmp_path)

    def break_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("mnerflow.data.demo.draw_picture", break_off)
    with pytest.raises(KeyboardInterrupt):
        make_demo(SMALL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"posts": {"train": 1, "dev": 1, "tset": 1}}, "did you mean 'test'"),
        ({"posts": {"train": 1, "dev": 1}}, "test missing"),
        ({"posts": {"train": 1, "dev": 0, "test": 1}}, "dev: 0 is not"),
        ({"ambiguous": 1.5}, "from 0 to 1"),
        ({"image_size": 8}, "from 16 to 1024"),
        ({"images": "random"}, "matched, independent"),
    ],
)
def test_impossible_settings_are_refused(wrong, message):
    with pytest.raises(UserError, match=message):
        build(DemoConfig, asdict(SMALL) | wrong)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        make_demo(SMALL, tmp_path / "file" / "demo")
