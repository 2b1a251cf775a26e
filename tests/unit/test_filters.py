"""Filters: what they hide or leave out, that they say so, and that tokens stay scored."""

import csv
import json
from pathlib import Path

import pytest

from mnerflow.data.filters import Drop, low_variability, nonword, run_filter, stem
from mnerflow.data.post import Post, read_splits, write_splits
from mnerflow.errors import UserError


@pytest.mark.parametrize(
    "token, reason",
    [
        ("ann.b+c@mail.example.org", "e-mail"),
        ("http://t.co/hWoToA4Y6n", "url"),
        ('HTTPS://T.CO/x"', "url"),
        ("www.example.org", "url"),
        ("2017", "digits"),
        ("٣", "digits"),
        (":", "sign"),
        ("_", "sign"),
        ("\u00a0", "sign"),
        ("\ufe0f", "sign"),
        ("😀", "sign"),
        ("a", None),
        ("é", None),
        ("@user", None),
        ("user@", None),
        ("#NBA", None),
        ("2nd", None),
        ("1,000", None),
        ("...", None),
        ("http", None),
        ("B2B", None),
    ],
)
def test_what_is_no_word(token: str, reason: str | None) -> None:
    assert nonword.reason(token) == reason


def test_nonword_hides_tokens_and_keeps_their_place_and_labels() -> None:
    post = Post("1", ["7", "Up", "!"], ["B-ORG", "I-ORG", "O"])
    (found,), drops = nonword.apply([post], "test")
    assert found == Post("1", ["7", "Up", "!"], ["B-ORG", "I-ORG", "O"], dropped=[0, 2])
    assert found.kept == [1]
    assert drops == [Drop("1", "digits", 0, "7"), Drop("1", "sign", 2, "!")]
    assert post.dropped == []


def test_a_post_without_words_leaves_train_only() -> None:
    post = Post("1", ["!"], ["O"])
    kept, drops = nonword.apply([post], "train")
    assert kept == [] and drops == [Drop("1", "sign", 0, "!"), Drop("1", "no words")]
    kept, drops = nonword.apply([post], "dev")
    assert kept == [Post("1", ["!"], ["O"], dropped=[0])] and len(drops) == 1


def test_low_variability_by_types_and_by_entropy() -> None:
    none, half, two = (
        Post("none", ["a", "b"], ["O", "O"]),
        Post("half", ["a", "b", "c", "d"], ["O", "O", "B-PER", "B-PER"]),
        Post("two", ["a", "b", "c", "d"], ["O", "B-LOC", "B-PER", "I-PER"]),
    )
    assert low_variability.entropy(half.labels) == 1 and low_variability.entropy(two.labels) == 2
    posts = [none, half, two]
    assert low_variability.apply(posts, "train")[0] == [half, two]
    assert low_variability.apply(posts, "train", min_types=2)[0] == [two]
    kept, drops = low_variability.apply(posts, "train", min_types=0, min_entropy=1.5)
    assert kept == [two] and drops[1] == Drop("half", "tag entropy below 1.5 bits")
    assert low_variability.apply(posts, "dev", min_types=9) == (posts, [])


def test_stems_are_input_beside_the_tokens() -> None:
    post = Post("1", ["Ponies", "RELATIONAL", "😀"], ["O", "O", "O"], language="en")
    (found,), drops = stem.apply([post], "train")
    assert (found.tokens, found.forms, drops) == (post.tokens, ["poni", "relat", "😀"], [])
    with pytest.raises(UserError, match="dev: post '2' is in 'cs'"):
        stem.apply([Post("2", ["pes"], ["O"], language="cs")], "dev")


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    splits = {
        "train": [Post("1", ["Ann", "9", "runs"], ["B-PER", "I-PER", "O"]), Post("2", ["!"], ["O"])],
        "dev": [Post("3", [","], ["O"])],
        "test": [Post("4", ["5", "Bonn"], ["B-ORG", "B-LOC"])],
    }
    write_splits(tmp_path / "none", splits)
    return tmp_path / "none"


def test_filters_combine_in_order_and_say_what_they_dropped(prepared: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = run_filter("nonword+low_variability+stem", {"low_variability": {"min_types": 1}}, prepared, out)
    splits = read_splits(out)
    assert [(post.id, post.dropped, post.forms) for post in splits["train"]] == [
        ("1", [1], ["ann", "9", "run"])
    ]
    assert [post.labels for post in splits["test"]] == [["B-ORG", "B-LOC"]]
    assert summary["before"]["train"] == {"posts": 2, "tokens": 4, "entities": 1}
    assert summary["after"]["train"] == {"posts": 1, "tokens": 2, "entities": 1}
    assert summary["after"]["test"] == {"posts": 1, "tokens": 1, "entities": 1}
    assert summary["dropped"]["train"] == {"digits": 1, "no words": 1, "sign": 1}
    assert json.loads((out / "summary.json").read_text()) == summary
    with (out / "dropped.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["split", "id", "index", "token", "reason"],
            ["train", "1", "1", "9", "digits"],
            ["train", "2", "0", "!", "sign"],
            ["train", "2", "", "", "no words"],
            ["dev", "3", "0", ",", "sign"],
            ["test", "4", "0", "5", "digits"],
        ]


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("nonwords", {}, "did you mean 'nonword'"),
        ("low_variability", {"low_variability": {"min_type": 1}}, "did you mean 'min_types'"),
        ("low_variability", {"low_variability": {"min_types": 3}}, "drops every training post"),
        ("nonword+", {}, "filters: '' is not known"),
    ],
)
def test_a_wrong_filter_is_refused_and_writes_nothing(
    prepared: Path, tmp_path: Path, name: str, options: dict, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        run_filter(name, options, prepared, tmp_path / "out")
    assert not (tmp_path / "out").exists()
