"""Label Studio's export: spans become tags, and none is lost unsaid."""

import json
import re
from pathlib import Path

import pytest

from mnerflow.data.formats import companions_of, parse
from mnerflow.data.post import Post
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
    assert (post.id, post.group, post.images) == ("p1", "p1", ["p 1.jpg"])


def test_the_full_json_export_reads_as_json_min(tmp_path: Path) -> None:
    done = {"result": [{"type": "labels", "value": span(0, 9, "PER") | {"text": "Jan Novák"}}]}
    relation = {"type": "relation", "from_id": "a", "to_id": "b"}
    skipped = {"was_cancelled": True, "result": []}
    task = {"id": 7, "data": {"text": "Jan Novák, Cheb"}, "annotations": [skipped, done]}
    done["result"].append(relation)
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task]), encoding="utf-8")
    labels = ["B-PER", "I-PER", "O", "O"]
    assert parse("label_studio", path) == [Post("7", ["Jan", "Novák", ",", "Cheb"], labels, group="7")]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"annotations": None},
        {"annotations": [None]},
        {"annotations": [{"result": {}}]},
        {"annotations": [{"result": None}]},
        {"annotations": [{"result": [{"type": "labels"}]}]},
        {"annotations": [{"result": [{"type": ["labels"], "value": {}}]}]},
        {"annotations": [{"result": [{"type": "labels", "value": None}]}]},
        {"data": None},
        {"data": []},
        {"data": {}},
    ],
)
def test_a_misshapen_task_is_refused(changes: dict, tmp_path: Path) -> None:
    sound = {"id": 7, "data": {"text": "Jan"}, "annotations": [{"result": []}]}
    (tmp_path / "export.json").write_text(json.dumps([sound | changes]))
    with pytest.raises(UserError, match="page 1"):
        parse("label_studio", tmp_path / "export.json")


@pytest.mark.parametrize("annotations", [[], [{"result": []}, {"result": []}]])
def test_a_task_has_one_annotation(annotations: list, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps([{"id": 7, "data": {"text": "a"}, "annotations": annotations}]))
    with pytest.raises(UserError, match=f"page 1, '7': {len(annotations)} annotations"):
        parse("label_studio", path)


def test_json_min_calls_spans_as_the_labelling_control(tmp_path: Path) -> None:
    [post] = parse("label_studio", export(tmp_path, names=[span(11, 15, "LOC")], sentiment="good"))
    assert post.labels[3] == "B-LOC"


def test_offsets_of_a_text_with_emoji_are_counted_as_javascript_does(tmp_path: Path) -> None:
    text = "😂 Anna 😂 sings"
    [post] = parse("label_studio", export(tmp_path, text=text, ner=[span(3, 7, "PER") | {"text": "Anna"}]))
    assert post.labels == ["O", "B-PER", "O", "O"]


@pytest.mark.parametrize("word", ["Domaz\u030clice", "हिन्दी", "Domaž\u00adlice"])
def test_marks_on_letters_cut_no_word(word: str, tmp_path: Path) -> None:
    [post] = parse("label_studio", export(tmp_path, text=f"{word}, {word}"))
    assert post.tokens == [word, ",", word]


def test_a_text_without_blanks_has_words(tmp_path: Path) -> None:
    ner = [span(0, 2, "LOC"), span(3, 5, "LOC")]
    [post] = parse("label_studio", export(tmp_path, text="北京和上海。", ner=ner))
    assert post.tokens == ["北京", "和", "上海", "。"]
    assert post.labels == ["B-LOC", "O", "B-LOC", "O"]


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("/data/local-files/?d=scans/p%231%20.jpg", "p#1 .jpg"),
        ("https://host/scans/p%201.jpg?token=a/b&d=300", "p 1.jpg"),
        ("s3://bucket/p%201.jpg?X-Amz=1", "p 1.jpg"),
        ("scans/p #3.jpg", "p #3.jpg"),
    ],
)
def test_an_image_is_the_file_that_is_linked_to(link: str, name: str, tmp_path: Path) -> None:
    [post] = parse("label_studio", export(tmp_path, image=link))
    assert post.images == [name]


def test_the_files_read_besides_are_those_that_are_linked_to(tmp_path: Path) -> None:
    path = export(tmp_path, text="/data/local-files/?d=texts/p 1.TXT")
    for name in ("p 1.TXT", "notes.txt"):
        (path.parent / name).write_text("Anna", encoding="utf-8")
    assert [file.name for file in companions_of("label_studio", path)] == ["p 1.TXT"]
    [post] = parse("label_studio", path)
    assert post.tokens == ["Anna"]


def test_a_text_may_begin_with_a_link(tmp_path: Path) -> None:
    [post] = parse("label_studio", export(tmp_path, text="https://t.co/abc Anna sings"))
    assert post.tokens[-2:] == ["Anna", "sings"]


def test_spans_of_other_kinds_are_not_dropped_unsaid(tmp_path: Path) -> None:
    result = {"type": "hypertextlabels", "value": {"start": "/p[1]/text()[1]", "hypertextlabels": ["PER"]}}
    task = {"id": 7, "data": {"text": "Anna"}, "annotations": [{"result": [result]}]}
    (tmp_path / "export.json").write_text(json.dumps([task]))
    with pytest.raises(UserError, match="page 1, '7': hypertextlabels are not read"):
        parse("label_studio", tmp_path / "export.json")


def test_no_character_that_shows_is_lost(tmp_path: Path) -> None:
    text = "„Č.p. 12/3“ \u200b\ufe0f—\n\n§ 5 x_y"
    [post] = parse("label_studio", export(tmp_path, text=text))
    assert "".join(post.tokens) == "".join(text.split())


def test_the_longest_of_overlapping_spans_counts_and_the_log_lists_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ner = [span(0, 3, "A"), span(0, 9, "B"), span(12, 15, "C")]
    [post] = parse("label_studio", export(tmp_path, ner=ner))
    assert post.labels[:4] == ["B-B", "I-B", "O", "B-C"]
    said = [message.partition("'p1': ")[2] for message in caplog.messages]
    assert said == ["left out, another span has its tokens: 0–3 A", "widened to whole tokens: 12–15 C"]


def test_a_linked_text_that_lies_there_twice_is_not_guessed(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.txt").write_text(folder, encoding="utf-8")
    with pytest.raises(UserError, match=r"'p\.txt' lies below .* 2 times"):
        parse("label_studio", export(tmp_path, text="http://host/p.txt"))


def test_a_linked_text_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "p[1].txt").write_text("Cheb", encoding="utf-8")
    [post] = parse("label_studio", export(tmp_path, text="http://host/x/p%5B1%5D.txt"))
    assert post.tokens == ["Cheb"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"ner": [span(20, 99, "A")]}, "the span 20–99 does not lie in its text"),
        ({"ner": [span(0, 3, "A"), {"start": 1}]}, "span 2: no start, end and one label"),
        ({"ner": [span(0, 3, "A") | {"labels": ["A", "B"]}]}, "span 1: no start, end and one label"),
        ({"ner": [span(0, 3, None)]}, "span 1: no start, end and one label"),
        ({"ner": [span(3, 4, "A")]}, "span 1: the span 3–4 holds white space alone"),
        ({"ner": [span(0, 3, "A") | {"text": "Eva"}]}, "quotes 'Eva', but 'Jan' stands there"),
        ({"ner": [span(0, 3, "A")], "label": [span(0, 3, "B")]}, "ner and label both hold spans"),
        ({"ner": span(0, 3, "A")}, "ner holds spans, but is no list"),
        ({"ner": {"1": span(0, 3, "A")}}, "ner holds spans, but is no list"),
        ({"ner": json.dumps([span(0, 3, "A")])}, "ner holds spans, but is no list"),
        ({"ner": [[span(0, 3, "A")]]}, "span 1: no start, end and one label"),
        ({"ner": [{"labels": ["A"]}]}, "span 1: no start, end and one label"),
        ({"ner": [span(0, 3, "A"), None]}, "span 2: no start, end and one label"),
        *(
            ({"ner": [span(0, 3, "A") | {"labels": labels}]}, "span 1: no start, end")
            for labels in ("A", {"A": 1}, [1], [], None)
        ),
        *(
            ({"ner": [span(0, 3, "A") | {"end": end}]}, "span 1: no start, end")
            for end in ("3", 3.0, 3.7, True, None, [3])
        ),
        ({"ner": [span(0, 3, "\x1b[2J")]}, "is not IOB2"),
        ({"page_name": None, "id": None}, "the field 'id' is null"),
        ({"page_name": None, "id": True}, "the field 'id' is true or false"),
        ({"page_name": None, "id": 1.5}, "the field 'id' is a number"),
        ({"page_name": ["p"]}, "the field 'page_name' is a list"),
        ({"page_name": "", "id": [1]}, "the field 'id' is a list"),
        ({"page_name": "\ud800"}, "half a surrogate pair"),
        ({"text": "Jan \ud800", "ner": [span(0, 3, "A") | {"text": "Eva"}]}, "half a surrogate pair"),
        ({"image": ["p.jpg"]}, "not an annotated page"),
        ({"image": 5}, "not an annotated page"),
        ({"image": False}, "not an annotated page"),
        ({"image": ".."}, "the image '..' lies outside its folder"),
        ({"image": "http://host/%2e%2e"}, "the image '..' lies outside its folder"),
        ({"image": "http://host/a%0d.jpg"}, "the image 'a\\r.jpg' is no file name"),
        ({"text": ["Jan"]}, "not an annotated page"),
        ({"text": None}, "not an annotated page"),
        ({"text": "http://host/none.txt"}, "'none.txt' does not lie below"),
    ],
)
def test_malformed_exports(entry: dict, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        parse("label_studio", export(tmp_path, **entry))
    assert said in str(error.value)
    assert re.search(r"export\.json: ?(page )?1[,:]", str(error.value))


@pytest.mark.skipif(not SHARED.exists(), reason="the real export is not here")
def test_the_real_chronicles(caplog: pytest.LogCaptureFixture) -> None:
    file = SHARED / "data/poner/label_studio_annotations/label_studio_annotations_export.json"
    posts = parse("label_studio", file)
    assert len(posts) == 400
    assert sum(1 for post in posts for _ in spans(post.labels)) == 14_653, (
        "14,666 spans, 13 of them overlapping"
    )
    assert sum("left out" in message for message in caplog.messages) == 13
    assert sum("widened" in message for message in caplog.messages) == 14
