"""Label Studio's export: spans become tags, and none is lost unsaid."""

import json
from pathlib import Path

import pytest

from mnerflow.data.formats import parse
from mnerflow.data.tags import spans
from mnerflow.errors import UserError

SHARED = Path(__file__).parents[3] / "shared"


def export(folder: Path, **entry) -> Path:
    page = {"page_name": "p1", "text": "Jan Novák, Cheb (1923).", "image": "http://host/scans/p%201.jpg"}
    (folder / "export").mkdir()
    path = folder / "export" / "export.json"
    path.write_text(json.dumps([page | entry]), encoding="utf-8")
    return path


def span(start: int, end: int, label: str) -> dict:
    return {"start": start, "end": end, "labels": [label]}


def test_spans_become_tags(tmp_path: Path) -> None:
    # "Cheb " has white space at its end, 1923 is annotated but for its last digit.
    ner = [span(0, 9, "Personal names"), span(11, 16, "Place"), span(17, 20, "Time")]
    [post] = parse("label_studio", export(tmp_path, ner=ner))
    assert post.tokens == ["Jan", "Novák", ",", "Cheb", "(", "1923", ")", "."]
    assert post.labels == ["B-Personal_names", "I-Personal_names", "O", "B-Place", "O", "B-Time", "O", "O"]
    assert (post.id, post.images) == ("p1", ["p 1.jpg"])


def test_the_longer_of_overlapping_spans_counts(tmp_path: Path) -> None:
    [post] = parse("label_studio", export(tmp_path, ner=[span(0, 3, "A"), span(0, 9, "B")]))
    assert post.labels[:2] == ["B-B", "I-B"]


def test_a_linked_text_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "p[1].txt").write_text("Cheb", encoding="utf-8")
    [post] = parse("label_studio", export(tmp_path, text="http://host/x/p%5B1%5D.txt"))
    assert post.tokens == ["Cheb"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"ner": [span(20, 99, "A")]}, "the span 20–99 does not lie in its text"),
        ({"ner": [{"start": 1}]}, "not an annotated page"),
        ({"text": None}, "not an annotated page"),
        ({"text": "http://host/none.txt"}, "'none.txt' does not lie below"),
    ],
)
def test_malformed_exports(entry: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        parse("label_studio", export(tmp_path, **entry))
    assert said in str(error.value) and "page 1" in str(error.value)


@pytest.mark.skipif(not SHARED.exists(), reason="the real export is not here")
def test_the_real_chronicles() -> None:
    file = SHARED / "data/poner/label_studio_annotations/label_studio_annotations_export.json"
    posts = parse("label_studio", file)
    assert len(posts) == 400
    assert sum(1 for post in posts for _ in spans(post.labels)) == 14_653, (
        "14,666 spans, 13 of them overlapping"
    )
