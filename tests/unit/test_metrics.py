"""Scores worked out by hand, and parity with seqeval, conlleval and scikit-learn on real tags."""

import json
import random
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from mnerflow.data.tags import tag_list
from mnerflow.errors import UserError
from mnerflow.evaluation.metrics import Sequences, score
from mnerflow.evaluation.predictions import (
    TESTED,
    Prediction,
    read_predictions,
    read_tested,
    write_predictions,
)
from mnerflow.evaluation.scores import COLUMNS, gather, read_scores, score_runs

SHARED = Path(__file__).parents[3] / "shared"
TAGS = tag_list(["PER", "LOC"])


def predict(*pairs: tuple[str, str], subwords: list[int] | None = None) -> list[Prediction]:
    """Predictions from pairs of gold and predicted tags, each a string of tags separated by blanks."""
    posts = []
    for number, (gold, predicted) in enumerate(pairs):
        labels = gold.split()
        posts.append(
            Prediction(
                str(number), ["w"] * len(labels), labels, predicted.split(), subwords or [1] * len(labels)
            )
        )
    return posts


def test_scores_worked_out_by_hand():
    posts = predict(("B-PER I-PER O B-LOC", "B-PER I-PER O O"), ("O B-LOC I-LOC", "B-PER B-LOC O"))
    scores = score(posts, TAGS)
    # gold: PER 0-2, LOC 3-4, LOC 1-3; predicted: PER 0-2, PER 0-1, LOC 1-2. One hit.
    assert (scores.entity_precision, scores.entity_recall) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert scores.entity_f1 == scores.entity_f1_strict == pytest.approx(1 / 3)
    assert (scores.sentences, scores.gold_entities, scores.accuracy) == (2, 3, pytest.approx(4 / 7))
    assert scores.per_type["PER"].f1 == pytest.approx(2 / 3)
    assert (scores.per_type["LOC"].f1, scores.per_type["LOC"].support) == (0, 2)
    # F1 by tag: O 2*1/(2+3), B-PER 2*1/(1+2), I-PER 1, B-LOC 2*1/(2+1), I-LOC 0.
    assert scores.token_macro_f1 == pytest.approx((0.4 + 2 / 3 + 1 + 2 / 3 + 0) / 5)


def test_a_stray_inside_tag_starts_an_entity_but_not_in_strict_mode():
    posts = predict(("O I-PER I-PER B-LOC", "O I-PER I-PER I-LOC"))
    assert Sequences(posts, TAGS).entity_counts().tolist() == [[[1, 1, 1], [1, 1, 1]]]
    assert Sequences(posts, TAGS).entity_counts(strict=True).tolist() == [[[0, 0, 0], [0, 0, 1]]]


def test_entities_end_with_their_sentence():
    posts = predict(("B-PER", "B-PER"), ("I-PER", "I-PER"))
    assert Sequences(posts, TAGS).entity_counts().sum(axis=(0, 1)).tolist() == [2, 2, 2]


def test_subword_macro_weighs_a_word_by_its_subwords():
    posts = predict(("B-PER O O", "B-PER O B-PER"), subwords=[3, 1, 2])
    # Subwords: B-PER 3 right, O 1 right, 2 of gold O predicted B-PER.
    assert score(posts, TAGS).subword_macro_f1 == pytest.approx((2 * 3 / (3 + 5) + 2 * 1 / (3 + 1)) / 2)
    assert Sequences(posts, TAGS).confusion(by_subword=True)[0, :2].tolist() == [1, 2]


def test_nothing_predicted_and_nothing_to_predict():
    assert score(predict(("O O", "O O")), TAGS).entity_f1 == 0
    assert score(predict(("O O", "O O")), TAGS).token_macro_f1 == 1
    assert score([], TAGS).accuracy == 0


def test_a_tag_outside_the_scheme_names_post_and_tag():
    with pytest.raises(UserError, match=r"post '0': the tag 'B-PRE' in predicted .*did you mean 'B-PER'"):
        score(predict(("O", "B-PRE")), TAGS)


def test_predictions_survive_a_file(tmp_path):
    post = Prediction("1", ["a\u2028b", "\u00a0"], ["O", "B-PER"], ["O", "O"], [2, 0])
    other = replace(post, predicted=["O", "B-PER"])
    found = {("dev", "true"): [other], TESTED: [post, other], ("test", "image.blank"): [other]}
    (tmp_path / "scores.json").touch()
    write_predictions(tmp_path / "p.jsonl", found)
    assert not (tmp_path / "scores.json").exists(), "scores of other predictions"
    assert read_predictions(tmp_path / "p.jsonl") == found
    assert read_tested(tmp_path / "p.jsonl") == [post, other]
    lines = (tmp_path / "p.jsonl").read_text(encoding="utf-8").split("\n")
    assert lines[3].startswith('{"split": "test", "condition": "image.blank", "id": "1", ')
    (tmp_path / "p.jsonl").write_text(lines[0] + "\n{}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"p\.jsonl:2: the split None is none of train, dev, test"):
        read_tested(tmp_path / "p.jsonl")
    (tmp_path / "p.jsonl").write_text(lines[0], encoding="utf-8")
    with pytest.raises(UserError, match=r"p\.jsonl: no predictions of the test split"):
        read_tested(tmp_path / "p.jsonl")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"split": "dev", "condition": "true", "id": "7", "tokens": ["a"], "labels": ["O"], '
            '"predicted": [], "subwords": [1]}',
            "'7' has 1 token but 0",
        ),
        ('{"split": "dev", "condition": "true", "id": "7", "tokens": ["a"]}', "not a prediction"),
        ('{"split": "deb", "condition": "true", "id": "7"}', "the split 'deb' is none of train, dev, test"),
        ('{"split": "dev", "condition": "imageblank", "id": "7"}', "the condition 'imageblank' is none"),
        ('{"split": "dev", "condition": 1, "id": "7"}', "the condition 1 is none"),
    ],
)
def test_a_broken_prediction_names_file_line_and_post(tmp_path, line, message):
    path = tmp_path / "p.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(UserError, match=rf"p\.jsonl:1: .*{message}"):
        read_predictions(path)


SOUND = {"id": "1", "tokens": ["a", "b"], "labels": ["O", "B-X"], "predicted": ["O", "O"], "subwords": [1, 0]}
PLACE = {"split": "test", "condition": "true"}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        *(
            (name, None, f"has {name} of another type" if name != "id" else "an id that is no text")
            for name in SOUND
        ),
        *((name, "ab", f"{name} of another type") for name in ("tokens", "labels", "predicted", "subwords")),
        *(
            (name, {"a": 1, "b": 2}, f"{name} of another type")
            for name in ("tokens", "subwords", "image_weight")
        ),
        *(
            (name, [None, "O"], f"{name} of another type")
            for name in ("tokens", "labels", "predicted", "subwords")
        ),
        *(("subwords", [1, value], "subwords of another type than int") for value in ("1", True, 1.0, [1])),
        *(
            (name, [1, value], name)
            for name in ("image_weight", "confidence")
            for value in ("1", True, -0.1, 1.1)
        ),
        *(
            (name, [1, float(value)], "not valid JSON .* is not a finite number")
            for name in ("subwords", "image_weight", "confidence")
            for value in ("nan", "inf")
        ),
        ("subwords", [1, -1], "a negative number of subwords"),
        ("subwords", [1], "2 tokens but 1 subwords"),
        ("predicted", ["O", "PER"], "the tag 'PER', which is not IOB2"),
        ("labels", ["O", "B-"], "the tag 'B-', which is not IOB2"),
        ("id", 1, "an id that is no text"),
        ("tokens", ["a", "\ud800"], "half a surrogate pair"),
        ("entity_confidence", 0.5, "entity_confidence of another type"),
        ("entity_confidence", [True], "entity_confidence of another type"),
        ("entity_confidence", [0.5] * 9, "predicted entities but 9 entity_confidence"),
        ("other", 1, "not a prediction"),
    ],
)
def test_predictions_of_other_types_are_refused(field, value, said, tmp_path):
    lines = [PLACE | SOUND, PLACE | SOUND | {field: value}]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(UserError, match=rf"p\.jsonl:2: .*{said}"):
        read_predictions(tmp_path / "p.jsonl")


def test_runs_are_gathered_in_order_with_their_condition(tmp_path):
    folders = [
        tmp_path / f"demo/none/{run}" for run in ("minilm+vit/linear/seed10", "minilm+none/text_only/seed2")
    ]
    for folder, names in zip(folders, (["image.shuffled", "true"], ["true"]), strict=True):
        found = {("test", name): predict(("B-PER O", "B-PER O")) for name in names}
        write_predictions(folder / "predictions.jsonl", found)
        score_runs([folder], TAGS, folder.parent / "counts.npz", folder.parent / "scores.json")
    gather([folder.parent / "scores.json" for folder in folders], tmp_path / "scores.csv")
    rows = read_scores(tmp_path / "scores.csv")
    assert list(rows[0]) == list(COLUMNS)
    assert [(row["fusion"], row["seed"], row["condition"]) for row in rows] == [
        ("text_only", 2, "true"),
        ("linear", 10, "true"),
        ("linear", 10, "image.shuffled"),
    ]
    assert rows[0]["entity_f1"] == 1.0


def perturbed(path: Path, tags: list[str], share: float) -> list[Prediction]:
    """Gold of a CoNLL file, and the same with a share of tags replaced at random, strays and all."""
    rng = random.Random(0)
    posts, labels = [], []
    for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
        if "\t" in line:
            labels.append(line.split("\t")[1].strip().replace("OTHER", "MISC"))
        elif not line.strip() and labels:
            predicted = [rng.choice(tags) if rng.random() < share else tag for tag in labels]
            subwords = [rng.randint(1, 4) for _ in labels]
            posts.append(Prediction(str(len(posts)), ["w"] * len(labels), labels, predicted, subwords))
            labels = []
    return posts


# Correct, found and gold phrases that conlleval reports for these tags.
CONLLEVAL = {"twitter2015": [4840, 7266, 5207], "twitter2017": [1264, 1811, 1351]}


@pytest.mark.parametrize("dataset", CONLLEVAL)
def test_parity_with_seqeval_conlleval_and_scikit_learn(dataset):
    path = SHARED / "data" / dataset / "test.txt"
    if not path.exists():
        pytest.skip("../shared is absent")
    from seqeval.metrics import f1_score as strict_f1
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support
    from seqeval.scheme import IOB2
    from sklearn.metrics import accuracy_score, f1_score

    tags = tag_list(["PER", "LOC", "ORG", "MISC"])
    posts = perturbed(path, tags, 0.05)
    scores = score(posts, tags)
    gold, predicted = [p.labels for p in posts], [p.predicted for p in posts]
    precision, recall, f1, support = precision_recall_fscore_support(gold, predicted, average="micro")
    assert (scores.entity_precision, scores.entity_recall) == (
        pytest.approx(precision),
        pytest.approx(recall),
    )
    assert (scores.entity_f1, scores.gold_entities) == (pytest.approx(f1), support)
    assert scores.entity_f1_strict == pytest.approx(strict_f1(gold, predicted, mode="strict", scheme=IOB2))
    assert Sequences(posts, tags).entity_counts().sum(axis=(0, 1)).tolist() == CONLLEVAL[dataset]
    flat_gold, flat_predicted = list(chain(*gold)), list(chain(*predicted))
    subwords = [count for post in posts for count in post.subwords]
    assert scores.token_macro_f1 == pytest.approx(f1_score(flat_gold, flat_predicted, average="macro"))
    assert scores.subword_macro_f1 == pytest.approx(
        f1_score(flat_gold, flat_predicted, average="macro", sample_weight=subwords)
    )
    assert scores.accuracy == pytest.approx(accuracy_score(flat_gold, flat_predicted))
