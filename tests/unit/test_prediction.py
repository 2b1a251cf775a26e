"""A trained run finds names in new texts, wherever they come from, and says where they stand."""

import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from entity_places import places
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from records import ABOUT, write_record
from tiny_run import FROZEN, RUN

from mnerflow.cli import main
from mnerflow.config import PartConfig
from mnerflow.data.formats import parse
from mnerflow.data.image_store import build_store
from mnerflow.data.post import Post, read_posts, write_posts
from mnerflow.errors import UserError
from mnerflow.evaluation.predictions import TESTED, read_tested, write_predictions
from mnerflow.evaluation.scores import COUNTS, METRICS, gather
from mnerflow.files.json_text import read_json_lines, write_json, write_json_lines
from mnerflow.files.reading import MAX_LINE
from mnerflow.plan.names import Run
from mnerflow.prediction.formats import FORMATS, as_label_studio
from mnerflow.prediction.predictor import Predictor, Tagged
from mnerflow.prediction.runs import best_trained_run
from mnerflow.prediction.texts import MAX_TOKENS, Text
from mnerflow.training.features import compute_features
from mnerflow.training.images import open_images
from mnerflow.training.predictor import PostPredictor
from mnerflow.training.run import train_run

POSTS = [
    Post(str(n), ["we", "met", name, "!"], ["O", "O", tag, "O"], [f"{n % 4}.png"])
    for n, (name, tag) in enumerate([("Ann", "B-PER"), ("rain", "O"), ("Bob", "B-PER"), ("cats", "O")] * 3)
]


@pytest.fixture(params=[False, True], ids=["trained", "frozen"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Of a run, its image encoder trained or frozen, with its predictions; ``images`` lie at its root."""
    (tmp_path / "images").mkdir()
    for number in range(4):
        Image.new("RGB", (16, 16), (60 * number, 100, 200)).save(tmp_path / "images" / f"{number}.png")
    for split in ("train", "dev", "test"):
        write_posts(tmp_path / f"{split}.jsonl", POSTS)
    build_store([f"{n}.png" for n in range(4)], tmp_path / "images", tmp_path / "store", 16)
    run, features = replace(RUN, training=replace(RUN.training, epochs=30, patience=30)), None
    if request.param:
        run = replace(run, image_encoder=FROZEN)
        features = str(tmp_path / "cnn.npy")
        compute_features(run.image_encoder, tmp_path / "store", Path(features), 1)
    images = open_images(str(tmp_path / "store/images.npy"), features)
    folder = tmp_path / "results/runs/x/none/bilstm+cnn/linear/seed1"
    train_run(run, tmp_path / "train.jsonl", tmp_path / "dev.jsonl", images, folder, ABOUT)
    predictions = PostPredictor(run, folder, images).predict(read_posts(tmp_path / "test.jsonl"))
    write_predictions(folder / "predictions.jsonl", {TESTED: predictions})
    return folder


@pytest.fixture
def texts_alone(tmp_path: Path) -> Path:
    """The folder of a run that reads texts alone, and finds Ann and Bob wherever they stand."""
    run = replace(
        RUN,
        image_encoder=None,
        fusion=PartConfig("text_only"),
        training=replace(RUN.training, epochs=30, patience=30),
    )
    folder = tmp_path / "results/runs/x/none/bilstm+none/text_only/seed1"
    write_posts(tmp_path / "train.jsonl", POSTS)
    train_run(run, tmp_path / "train.jsonl", tmp_path / "train.jsonl", None, folder, ABOUT)
    return folder


def predict(folder: Path, *arguments: str | Path, status: int = 0) -> None:
    assert main(["predict", str(folder), *map(str, arguments)]) == status


def test_the_test_split_as_new_texts(folder: Path, tmp_path: Path):
    texts = [{"id": post.id, "tokens": post.tokens, "images": post.images} for post in POSTS]
    write_json_lines(tmp_path / "texts.jsonl", texts)
    predict(folder, tmp_path / "texts.jsonl", "--to", tmp_path / "found.jsonl")
    found = [line for _, line in read_json_lines(tmp_path / "found.jsonl")]
    expected = read_tested(folder / "predictions.jsonl")
    assert [line["tags"] for line in found] == [prediction.predicted for prediction in expected]
    assert [line["id"] for line in found] == [post.id for post in POSTS]
    scores = [entity["score"] for line in found for entity in line["entities"]]
    of_split = [score for prediction in expected for score in prediction.entity_confidence]
    assert scores == pytest.approx(
        of_split, abs=0.02
    )  # the test split is predicted in bf16 where that is fast


def test_places_in_raw_text(texts_alone: Path):
    tagger = Predictor(texts_alone)
    text = "👍 we met  Ann!"
    [entity] = tagger(text)
    assert entity.pop("score") > 0.5
    assert entity == {
        "entity_group": "PER",
        "word": "Ann",
        "start": 10,
        "end": 13,
        "token_start": 3,
        "token_end": 4,
    }
    texts = [
        text,
        "",
        "we met Ann!we met Bob",
        {"text": "met Ann", "tokens": ["met", "Ann"]},
        {"tokens": ["we"]},
    ]
    found = tagger(texts)
    assert [places(one) for one in found] == [places(tagger(one)) for one in texts]
    assert Predictor(texts_alone, threshold=1)(text) == []


@settings(max_examples=25)
@given(texts=st.lists(st.text() | st.just("we met Ann!") | st.text().map("Ann{}Bob".format), max_size=4))
def test_a_word_is_a_slice_of_any_text(texts_alone: Path, texts: list[str]):
    for document in (False, True):
        found = Predictor(texts_alone, document=document)(texts)
        for text, entities in zip(texts, found, strict=True):
            assert all(text[one["start"] : one["end"]] == one["word"] for one in entities)
            assert all(one["end"] <= two["start"] for one, two in pairwise(entities))


def test_a_document(texts_alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    text = "We met Ann. It rained!\n\nThen we met Bob."
    (tmp_path / "page.txt").write_text(text, encoding="utf-8")
    predict(texts_alone, tmp_path / "page.txt", "--document", "--format", "json")
    [[ann, bob]] = json.loads(capsys.readouterr().out)
    assert (ann["word"], bob["word"], text[bob["start"] : bob["end"]]) == ("Ann", "Bob", "Bob")
    assert bob["token_start"] == 10


def test_order_and_errors_of_a_stream(texts_alone: Path):
    read: list[int] = []

    def lines():
        for number in range(100):
            read.append(number)
            yield f"we met {'Ann' if number % 2 else 'rain'} {number}" + " again" * (number % 7)
        raise UserError("line 101")

    tagger, found = Predictor(texts_alone), []
    with pytest.raises(UserError, match="line 101"):
        for tagged in tagger.stream(lines(), at_once=8):
            found.append(tagged)
            assert len(read) <= len(found) + 8
    assert [tagged.text.id for tagged in found] == [str(number + 1) for number in range(100)]
    assert all(tagged.text.text.startswith("we met") for tagged in found)
    for tagged in found[::10]:
        assert places(tagged.entities) == places(tagger(tagged.text.text))


def test_formats_read_back(texts_alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    (tmp_path / "texts.txt").write_text("we met Ann!\n\n<b>\x1b[2J</b>\n", encoding="utf-8")
    out = {}
    for name in FORMATS:
        predict(texts_alone, tmp_path / "texts.txt", "--format", name)
        out[name] = capsys.readouterr().out
    lines = [json.loads(line) for line in out["jsonl"].splitlines()]
    assert [line["id"] for line in lines] == ["1", "2", "3"]
    assert json.loads(out["json"]) == [line["entities"] for line in lines]
    assert [one["word"] for one in lines[0]["entities"]] == ["Ann"]
    for line, drawn in zip(lines, json.loads(out["spacy"]), strict=True):
        assert (line["text"], places(line["entities"])) == (
            drawn["text"],
            [(ent["label"], ent["start"], ent["end"]) for ent in drawn["ents"]],
        )
    (tmp_path / "out.conll").write_text(out["conll"], encoding="utf-8")
    posts = parse("conll", tmp_path / "out.conll")
    assert [(post.tokens, post.labels) for post in posts] == [
        (line["tokens"], line["tags"]) for line in lines[::2]
    ]
    assert "&lt;b&gt;" in out["html"] and "\x1b" not in out["html"] + out["text"]
    assert out["text"].startswith("we met [Ann PER ")


def test_tasks_of_label_studio_count_each_character_once():
    text = "👍 Ann " * 20_000
    names = [
        {"entity_group": "PER", "score": 1.0, "word": "Ann", "start": start, "end": start + 3}
        for start in range(2, len(text), 6)
    ]
    begin = time.process_time()
    [task] = json.loads("".join(as_label_studio([Tagged(Text("1", text, []), [], names, [])])))
    assert time.process_time() - begin < 2
    last = task["predictions"][0]["result"][-1]["value"]
    assert (last["start"], last["end"], last["text"]) == (7 * 19_999 + 3, 7 * 19_999 + 6, "Ann")


def test_a_task_of_label_studio_shows_one_image_and_says_so(caplog: pytest.LogCaptureFixture):
    texts = [Text("1", "Ann", [], [(Path("a"), f"{n}.jpg") for n in range(count)]) for count in (0, 1, 2)]
    tasks = json.loads("".join(as_label_studio([Tagged(text, [], [], []) for text in texts])))
    assert [task["data"].get("image", "")[-7:] for task in tasks] == ["", "a/0.jpg", "a/0.jpg"]
    assert "of which a task shows only the first: 1" in caplog.text


def test_standard_input(texts_alone: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch):
    given = {
        "text": "\ufeffwe met Ann!\r\nBob\n",
        "jsonl": '{"text": "we met Ann!", "label": 3}\n{"tokens": ["Bob"], "id": "b"}\n',
        "spaced": '{ "text": "we met Ann!"}\n{"text": "Bob"}\n',
        "list": '[\n {"text": "we met Ann!"}, {"text": "Bob"}]',
        "conll": "-DOCSTART- O\n\nwe O\nmet O\nAnn O\n! O\n\nIMGID:7\nBob\n",
        "conll, posts numbered": "n\tword\ttag\n1\twe\tO\n\tmet\tO\n\tAnn\tB-PER\n\t!\tO\n2\tBob\tB-PER\n",
    }
    for form, text in given.items():
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text.encode()))))
        predict(texts_alone, *(["--read", "conll"] if form.startswith("conll") else []))
        said = capsys.readouterr()
        lines = [json.loads(line) for line in said.out.splitlines()]
        assert [line["tokens"] for line in lines] == [["we", "met", "Ann", "!"], ["Bob"]]
        assert "2 posts in" in said.err and "posts a second" in said.err


def test_a_list_that_is_still_being_written_is_no_text(texts_alone: Path, capsys, monkeypatch) -> None:
    read, write = os.pipe()
    with os.fdopen(read, "rb") as stdin, os.fdopen(write, "wb", buffering=0) as producer:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stdin))
        producer.write(b"[\n")
        rest = threading.Timer(0.3, lambda: (producer.write(b'{"text": "Ann"}]'), producer.close()))
        rest.start()
        predict(texts_alone)
    assert [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()] == ["Ann"]


@pytest.mark.parametrize("text", ["https://t.co/abc", "/other.txt", "we met Ann!"])
def test_a_text_that_looks_like_a_link_is_read_back_as_itself(
    text: str, texts_alone: Path, tmp_path: Path, capsys
) -> None:
    (tmp_path / "other.txt").write_text("Bob", encoding="utf-8")
    (tmp_path / "texts.txt").write_text(text, encoding="utf-8")
    predict(texts_alone, tmp_path / "texts.txt", "--format", "label_studio", "--to", tmp_path / "tasks.json")
    predict(texts_alone, str(tmp_path / "tasks.json"))
    assert json.loads(capsys.readouterr().out)["text"] == text


def test_texts_of_several_inputs_have_ids_of_their_own(
    texts_alone: Path, tmp_path: Path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("we met Ann!\nBob\n", encoding="utf-8")
    Path("b.jsonl").write_text('{"text": "Bob"}\n{"id": "x", "text": "Ann"}\n', encoding="utf-8")
    predict(texts_alone, "a.txt", "b.jsonl", "we met Bob")
    ids = [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]
    assert ids == ["a.txt:1", "a.txt:2", "b.jsonl:1", "x", "3"]


def test_a_pipe_is_read_once(texts_alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    for read, text in {"conll": "we O\nmet O\nAnn O\n", "jsonl": '[{"text": "we met Ann"}]'}.items():
        os.mkfifo(tmp_path / f"{read} pipe")
        Thread(target=(tmp_path / f"{read} pipe").write_text, args=[text]).start()
        predict(texts_alone, tmp_path / f"{read} pipe", "--read", read)
        assert json.loads(capsys.readouterr().out)["tokens"] == ["we", "met", "Ann"]


def test_what_is_written_leaves_what_is_read_as_it_is(
    texts_alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text("we met Ann", encoding="utf-8")
    (texts / ".b.txt").write_text("we met Bob", encoding="utf-8")  # hidden, such as another's unfinished file
    (tmp_path / "link").symlink_to(texts)
    for to in ("texts/a.txt", "texts/names.txt", "link/a.txt", "link/names.jsonl"):
        predict(texts_alone, texts, "--to", tmp_path / to, status=1)
        assert f"{tmp_path / to}: lies in {texts}, which is read" in capsys.readouterr().err
    predict(texts_alone, texts, "we met Ann " * 50, "--to", tmp_path / "names.jsonl")
    assert [record["id"] for _, record in read_json_lines(tmp_path / "names.jsonl")] == [
        str(texts / "a.txt"),
        "2",
    ]
    with (texts / "a.txt").open() as file:
        command = [sys.executable, "-m", "mnerflow.cli", "predict", texts_alone, "--to", texts / "a.txt"]
        refused = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "a.txt: would be lost, as it is read" in refused.stderr
    assert (texts / "a.txt").read_text(encoding="utf-8") == "we met Ann"
    assert sorted(file.name for file in texts.iterdir()) == [".b.txt", "a.txt"]


def test_an_ending_of_no_format_needs_its_format_named(
    texts_alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    predict(texts_alone, "we met Ann", "--to", tmp_path / "names.csv", status=1)
    said = capsys.readouterr().err
    assert "names.csv: its ending is that of no format (.txt, .htm," in said and not [*tmp_path.glob("*.csv")]
    predict(texts_alone, "we met Ann", "--to", tmp_path / "names.csv", "--format", "conll")
    predict(texts_alone, "we met Ann", "--to", tmp_path / "names")
    assert (tmp_path / "names.csv").read_text(encoding="utf-8").startswith("we\t")
    assert json.loads((tmp_path / "names").read_text(encoding="utf-8"))["tokens"] == ["we", "met", "Ann"]


def test_a_folder_and_the_images_of_a_text(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    pages = tmp_path / "pages"
    pages.mkdir()
    for name in ("a", "b"):
        (pages / f"{name}.txt").write_text("we met Ann!\n", encoding="utf-8")
    shutil.copy(tmp_path / "images/1.png", pages / "a.png")
    shutil.copy(tmp_path / "images/1.png", pages / "c.png")
    predict(folder, pages)
    said = capsys.readouterr()
    assert [json.loads(line)["id"] for line in said.out.splitlines()] == ["a", "b"]
    assert "pictures without a text of their name: 1 (c.png)" in said.err
    assert said.err.count("no image, which this run reads") == 1
    predict(folder, "we met Ann!", "--image", pages / "a.png", "--image", tmp_path / "no.png")
    said = capsys.readouterr()
    assert "no.png: missing; a blank image stands in" in said.err and "a.png" not in said.err
    write_json_lines(tmp_path / "texts.jsonl", [{"text": "Ann", "images": ["http://localhost/a.png"]}])
    predict(folder, tmp_path / "texts.jsonl")
    assert "an address, which is fetched only where that is allowed" in capsys.readouterr().err
    image = ["--image", pages / "a.png"]
    for document in ([], ["--document"]):
        for several in ([tmp_path / "texts.jsonl"], [pages], ["Ann", "Bob"]):
            predict(folder, *several, *document, *image, status=1)
            assert "of which text?" in capsys.readouterr().err
    predict(folder, "we met Ann! we met Bob!", "--document", *image)
    predict(folder, pages / "a.txt", "--document", *image)
    for text, status in (("we met Ann!\nwe met Bob!\n", 0), ('{"text": "Ann"}\n{"text": "Bob"}\n', 1)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text.encode()))))
        predict(folder, "--document", *image, status=status)
        assert ("of which text?" in capsys.readouterr().err) == bool(status)


def test_addresses_that_differ_by_a_slash_are_two_images(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def fetch(address: str, file: Path, **_):
        Image.new("RGB", (16, 16), "black" if address in addresses[::2] else "white").save(file, "png")

    monkeypatch.setattr("mnerflow.prediction.pictures.fetch", fetch)
    addresses = ["http://h/a?of=http://h/b", "http://h/a?of=http:/h/b", "http://h/a/", "http://h/a"]
    texts = [{"text": "we met Ann!", "images": [address]} for address in addresses]
    tagger = Predictor(folder, allow_urls=True)

    def read(given: list[dict]) -> list[float]:
        tagger(given)
        return [float(image.mean()) for image in tagger._pictures.values[1:]]

    alone = [read([text])[0] for text in texts]
    assert alone[0] == alone[2] != alone[1] == alone[3]
    assert read(texts) == alone


def test_the_best_run_and_the_former_name(texts_alone: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    results, run = tmp_path / "results", Run.from_folder(texts_alone)
    scores = dict.fromkeys(METRICS, 0.5) | dict.fromkeys(COUNTS, 1)
    rows = {run.path: scores, replace(run, seed=2).path: scores | {"entity_f1": 0.9}}
    write_json(tmp_path / "scores.json", {path: {"dev": {"true": one}} for path, one in rows.items()})
    gather([tmp_path / "scores.json"], results / "mine/scores.csv")
    write_json(tmp_path / "others.json", {run.path: {"dev": {"true": scores | {"entity_f1": 0.9}}}})
    gather([tmp_path / "others.json"], results / "published/scores.csv")
    assert main(["predict", "--best", "x", "--results", str(results), "we met Ann!", "--format", "json"]) == 0
    said = capsys.readouterr()
    assert f"{texts_alone}: entity F1 on dev 100.00" in said.err  # the better one has no weights
    assert places(json.loads(said.out)) == [("PER", 7, 10)]
    shutil.copytree(texts_alone, worse := texts_alone.with_name("seed2"))
    history = (worse / "history.csv").read_text().replace(",1.0", ",0.25")
    (worse / "history.csv").write_text(history)
    assert best_trained_run("x", results) == (texts_alone, 1.0)  # though the table of a study says otherwise
    assert main(["predict", "--best", "xx", "--results", str(results), "Ann"]) == 1
    assert "did you mean 'x'?" in capsys.readouterr().err
    (tmp_path / "texts.txt").write_text("we met Ann!\n", encoding="utf-8")
    assert main(["tag", str(texts_alone), "--format", "jsonl", str(tmp_path / "texts.txt")]) == 0
    said = capsys.readouterr()
    assert "called predict now" in said.err and json.loads(said.out)["tags"] == ["O", "O", "B-PER", "O"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("t.jsonl", '{"text": "a"}\n{"text": ', "t.jsonl:2: not valid JSON"),
        ("t.jsonl", '{"id": "1"}', "t.jsonl:1: neither 'text' nor 'tokens'"),
        ("t.jsonl", '{"text": 3}', "t.jsonl:1: 'text' is to be a string"),
        ("t.jsonl", '{"text": "Ann", "tokens": 5}', "t.jsonl:1: 'text' is to be a string, 'tokens' a list"),
        ("t.jsonl", '{"text": "Ann", "tokens": ["Bob"]}', "t.jsonl:1: the word 'Bob' is not in the text"),
        ("t.jsonl", '{"text": "Ann", "image": ["a.png"]}', "did you mean 'images'?"),
        ("t.jsonl", '{"text": "Ann", "images": ["../a.png"]}', "lies outside its folder"),
        ("t.jsonl", '{"text": "\\ud800"}', "t.jsonl:1: '\\ud800' is half a surrogate pair"),
        ("t.txt", "a " * (MAX_TOKENS + 1), "t.txt:1: 10,001 words, more than 10,000"),
        ("t.txt", "ok\n" + "a" * (MAX_LINE + 1), f"t.txt:2: a line of more than {MAX_LINE:,} bytes"),
        ("t.conll", "1 Ann\n2 met\n3 Bob\n", "the first column counts the words"),
    ],
)
def test_what_cannot_be_read(
    texts_alone: Path, name: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture
):
    (tmp_path / name).write_text(text, encoding="utf-8")
    predict(texts_alone, tmp_path / name, status=1)
    told = capsys.readouterr().err
    assert said.lower() in told.lower() and "posts in" not in told
    before = (tmp_path / name).read_bytes()
    predict(texts_alone, tmp_path / name, "--to", tmp_path / name, status=1)
    assert "would be lost" in capsys.readouterr().err and (tmp_path / name).read_bytes() == before


def test_objects_that_cannot_be_read(texts_alone: Path):
    long = ["Ann"] * MAX_TOKENS
    images = "text:1: 'images' is to be a list of paths"
    for document in (False, True):
        tagger = Predictor(texts_alone, document=document)
        assert tagger({"tokens": long, "images": [Path("a.png")]}) == tagger({"tokens": long})
        for wrong, said in (
            ({"tokens": [*long, None]}, "text:1: item 10001 of the field 'tokens' is null"),
            ({"tokens": [*long, ""]}, "text:1: post '1' has 10,001 tokens, more than 10,000"),
            ({"tokens": ["Ann", ""]}, "text:1: post '1', token 2: an empty token"),
            ({"text": "Ann", "images": "a.png"}, images),
            ({"text": "Ann", "images": None}, images),
            ({"text": "Ann", "images": [1]}, images),
            ([["we", "met"]], "text:1: ['we', 'met'] is neither a text nor an object"),
        ):
            with pytest.raises(UserError) as error:
                tagger(wrong)
            assert said in str(error.value)
        with pytest.raises(UserError, match=images):
            tagger("Ann", images="a.png")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "predict: no run"),
        (["x/none/bilstm+cnn/linear/seed9", "Ann"], "seed9: no model.safetensors"),
        (["x/nonword/bilstm+cnn/linear/seed1", "Ann"], "trained with the filter 'nonword'"),
        (["x/none/bilstm+cnn/linear/seed1", "no.txt"], "no.txt: no such file"),
        (["x/none/bilstm+cnn/linear/seed1", "no.csv"], "no.csv: no such file"),
        (["x/none/bilstm+cnn/linear/seed1", "no.pickle"], "no.pickle: no such file"),
        (["x/none/bilstm+cnn/linear/seed1", "diary/2024"], "diary/2024: no such file or folder"),
        (["x/none/bilstm+cnn/linear/seed1", "texts.csv"], "texts.csv: files like this are not read"),
        (["x/none/bilstm+cnn/linear/seed1", "Ann", "--images", "no"], "no: no such folder"),
        (["x/none/bilstm+cnn/linear/seed1", "Ann", "--study", "x"], "--study: it says where --best looks"),
    ],
)
def test_what_cannot_be_asked(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts.csv").write_text("id,text\n1,Ann\n", encoding="utf-8")
    if arguments:
        run, *rest = arguments
        if run.endswith("seed1"):
            config = {"entity_types": ["PER"], "seed": 1, "fusion": {"kind": "text_only"}}
            write_record(tmp_path / "results/runs" / run, Run.from_folder(run), config=config)
            (tmp_path / "results/runs" / run / "model.safetensors").touch()
        arguments = [f"results/runs/{run}", *rest]
    assert main(["predict", *arguments]) == 1
    assert said in capsys.readouterr().err
