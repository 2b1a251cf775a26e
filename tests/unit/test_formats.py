"""Every source format, on small files written by hand and on the real ones."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from mnerflow.data.config import ContextFiles, PrepareConfig
from mnerflow.data.contexts import context_files, read_context
from mnerflow.data.formats import parse
from mnerflow.data.post import Post, read_posts, read_splits, write_posts
from mnerflow.data.prepare import prepare
from mnerflow.data.tags import spans
from mnerflow.errors import UserError
from mnerflow.registry import names_in

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not here")


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_umt_keeps_tags_as_annotated_and_names_the_image_by_the_id(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", 'IMGID:7\nin\tO\nNew\tI-LOC\nYork\tI-LOC\n\nIMGID:8.png\n"\tB-OTHER\n')
    assert parse("umt", path) == [
        Post("7", ["in", "New", "York"], ["O", "I-LOC", "I-LOC"], images=["7.jpg"]),
        Post("8.png", ['"'], ["B-OTHER"], images=["8.png"]),
    ]


@pytest.mark.parametrize("name", ["umt", "conll", "jsonl"])
def test_no_invisible_token_is_lost(tmp_path: Path, name: str) -> None:
    tokens = ["\u00a0", "\ufe0f", "\u200d", "\u00ad", "a\u2028b", "\u2029", "\u0085", "\x0b", "\x1c"]
    rows = "".join(f"{token}\tO\n" for token in tokens)
    text = {
        "umt": "IMGID:1\n" + rows,
        "conll": rows,
        "jsonl": json.dumps({"id": "1", "tokens": tokens, "labels": ["O"] * 9}, ensure_ascii=False) + "\n",
    }[name]
    assert [post.tokens for post in parse(name, write(tmp_path / "t", text))] == [tokens]


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n\n\n"])
def test_a_file_may_end_with_or_without_empty_lines(tmp_path: Path, end: str) -> None:
    assert len(parse("umt", write(tmp_path / "t", "IMGID:1\na\tO\n\n\nIMGID:2\nb\tO" + end))) == 2


def test_conll_takes_first_and_last_column_and_names_the_line(tmp_path: Path) -> None:
    text = "-DOCSTART- -X- O\n\nU.N. NNP B-ORG\n\u00a0 , O\n\n-DOCSTART- -X- O\nEkeus NNP B-PER\n"
    assert parse("conll", write(tmp_path / "eng.conll", text)) == [
        Post("eng-3", ["U.N.", "\u00a0"], ["B-ORG", "O"]),
        Post("eng-7", ["Ekeus"], ["B-PER"]),
    ]


def test_conll_with_tabs_keeps_a_space_in_a_token(tmp_path: Path) -> None:
    assert parse("conll", write(tmp_path / "a", "1 000\tO\nEuro\tO\n"))[0].tokens == ["1 000", "Euro"]


def test_json_lines_in_canonical_and_in_mner_mi_fields(tmp_path: Path) -> None:
    canonical = {"id": "a", "tokens": ["x"], "labels": ["B-PER"], "images": ["b/c.jpg"], "caption": "who"}
    mner_mi = {"id": 5302, "text": ["x"], "label": ["O"], "images": ["5302_0.jpg", "5302_1.jpg"], "url": "u"}
    path = write(
        tmp_path / "t", f"{json.dumps(canonical | {'group': 3, 'language': 'cs'})}\n{json.dumps(mner_mi)}\n"
    )
    assert parse("jsonl", path) == [
        Post(
            "a", ["x"], ["B-PER"], images=["b/c.jpg"], contexts={"caption": "who"}, language="cs", group="3"
        ),
        Post("5302", ["x"], ["O"], images=["5302_0.jpg", "5302_1.jpg"]),
    ]


def test_contexts_of_json_lines_are_what_has_words_and_stay_through_preparing(tmp_path: Path) -> None:
    fields = {"tokens": ["x"], "labels": ["O"], "contexts": {"ocr": "STOP", "caption": "a sign", "notes": ""}}
    lines = [{"id": "1"} | fields, {"id": "2", "caption": "a sign"} | fields]
    posts = parse("jsonl", write(tmp_path / "t", "\n".join(map(json.dumps, lines))))
    assert [post.contexts for post in posts] == [{"ocr": "STOP", "caption": "a sign"}] * 2
    write_posts(tmp_path / "train.jsonl", posts)
    assert read_posts(tmp_path / "train.jsonl") == posts


def test_ritual_finds_photo_and_caption_beside_the_text(tmp_path: Path) -> None:
    text = '{"id": "1", "image_id": "1.jpg", "text": "x y", "tokens": ["x", "y"], "label": ["O", "B-LOC"]}\n'
    path = write(tmp_path / "t17/texts/dev/dev.json", text)
    write(
        tmp_path / "t17/captions/dev/dev_image_captions.json", '{"image_id": "1.jpg", "caption": "a cat"}\n'
    )
    post = Post(
        "t17-dev-1",
        ["x", "y"],
        ["O", "B-LOC"],
        images=["t17/images/dev/1.jpg"],
        contexts={"caption": "a cat"},
    )
    assert parse("ritual", path) == [post]


def test_all_problems_of_a_file_can_be_collected(tmp_path: Path) -> None:
    path = write(tmp_path / "t", "IMGID:1\na\n\nIMGID:2\nb\tO\n\nIMGID:2\nc\tO\n\nIMGID:3\nd\tX\n")
    problems: list[UserError] = []
    assert [post.id for post in parse("umt", path, problems)] == ["2"]
    assert [str(problem).split(": ")[0] for problem in problems] == [f"{path}:{line}" for line in (2, 7, 11)]


def test_unknown_format_names_the_nearest() -> None:
    assert {*names_in("data.formats")} >= {"conll", "jsonl", "ritual", "umt"}
    with pytest.raises(UserError, match="did you mean 'conll'"):
        parse("connl", "x")


def test_texts_by_image_keep_colons_and_empty_ones(tmp_path: Path) -> None:
    write(tmp_path / "c.txt", "1.jpg :a sign : stop\n2.jpg :\n")
    context = read_context(context_files({"contexts": {"caption": "c.txt"}})["caption"], tmp_path)
    assert (context.by, context.texts) == ("image", {"1.jpg": "a sign : stop", "2.jpg": ""})


def test_texts_by_post_may_stand_in_several_files_of_a_named_format(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, f'{{"id": "{name}", "text": "of {name}"}}\n')
    entry = {"contexts": {"ocr": {"files": ["a", "b"], "format": "jsonl"}}}
    context = read_context(context_files(entry)["ocr"], tmp_path)
    assert (context.by, context.texts) == ("id", {"a": "of a", "b": "of b"})
    write(tmp_path / "b", '{"id": "a", "text": ""}\n')
    with pytest.raises(UserError, match=r"b:1: a second text for 'a'"):
        read_context(context_files(entry)["ocr"], tmp_path)
    write(tmp_path / "b", '{"id": "b", "caption": "x"}\n')
    with pytest.raises(UserError, match=r"b:1: the field 'text' is missing"):
        read_context(context_files(entry)["ocr"], tmp_path)


@needs_data
@pytest.mark.parametrize(
    "file, name, posts, tokens, entities",
    [
        ("twitter2015/train.txt", "umt", 4000, 64_439, 6352),
        ("twitter2015/valid.txt", "umt", 1000, 16_178, 1594),
        ("twitter2015/test.txt", "umt", 3257, 52_822, 5207),
        ("twitter2017/train.txt", "umt", 3373, 53_007, 6049),
        ("twitter2017/valid.txt", "umt", 723, 11_309, 1324),
        ("twitter2017/test.txt", "umt", 723, 11_330, 1351),
        ("twitter10000/train.txt", "umt", 7000, 112_542, 11_782),
        ("twitter10000/dev.txt", "umt", 1500, 24_199, 2453),
        ("twitter10000/test.txt", "umt", 1500, 23_738, 2543),
        ("poner/conll/poner_train.conll", "conll", 4188, 61_010, 6645),
        ("poner/conll/poner_dev.conll", "conll", 465, 6903, 707),
        ("poner/conll/poner_test.conll", "conll", 4655, 67_870, 7292),
    ],
)
def test_exact_counts_of_the_real_files(file: str, name: str, posts: int, tokens: int, entities: int) -> None:
    found = parse(name, DATA / file)
    assert len(found) == posts
    assert sum(len(post.tokens) for post in found) == tokens
    assert sum(1 for post in found for _ in spans(post.labels)) == entities


@needs_data
def test_invisible_tokens_of_the_real_files_survive() -> None:
    lost_by_strip = [
        t for post in parse("umt", DATA / "twitter2015/valid.txt") for t in post.tokens if not t.strip()
    ]
    assert lost_by_strip == ["\u00a0"]
    files = ("train", "valid", "test")
    t17 = [
        t for file in files for post in parse("umt", DATA / f"twitter2017/{file}.txt") for t in post.tokens
    ]
    unseen = ("\ufe0f", "\u200b", "\u200d", "\u00ad", "\u0092")
    assert sum(set(token) <= set(unseen) for token in t17) == 154


@needs_data
def test_every_photo_of_the_real_tweets_is_found() -> None:
    root = DATA / "tweets_with_images"
    posts = [post for path in sorted(root.glob("*/texts/*/*.json")) for post in parse("ritual", path)]
    assert len({post.id for post in posts}) == 30
    assert all((root / post.images[0]).is_file() and post.contexts["caption"] for post in posts)


def test_descriptions_of_riveg_span_lines(tmp_path: Path) -> None:
    write(tmp_path / "d", "\ufeffimgid:O_1###A dog. \n\nIt runs.\nimgid:2###\n")
    source = ContextFiles(["d"], "riveg_description")
    assert read_context(source, tmp_path).texts == {"O_1.jpg": "A dog. It runs.", "2.jpg": ""}
    write(tmp_path / "d", "A dog.\n")
    with pytest.raises(UserError, match=r"d:1: .* must stand first"):
        read_context(source, tmp_path)


def test_knowledge_of_riveg_finds_posts_by_their_words_and_equal_ones_by_their_order(tmp_path: Path) -> None:
    def post(*words: str) -> str:
        return "".join(f"{word}\tO\r\n" for word in words[:-1]) + f"<EOS>\tX\r\n{words[-1]}\tX\r\n\r\n"

    with ZipFile(tmp_path / "k.zip", "w") as archive:
        archive.writestr("test.txt", post("a", "b", "third"))
        archive.writestr("train.txt", post("a", "b", "first") + post("c", "alone"))
        archive.writestr("valid.txt", post("a", "b", "second"))
    source = ContextFiles(["k.zip"], "riveg_knowledge")
    write(tmp_path / "train", "IMGID:1\na\tO\nb\tO\n\nIMGID:2\nc\tO\n")
    write(tmp_path / "dev", "IMGID:3\na\tO\nb\tO\n")
    write(tmp_path / "test", "IMGID:4\na\tB-PER\nb\tO\n")
    splits = {split: split for split in ("train", "dev", "test")}
    config = PrepareConfig("umt", ["PER"], splits, contexts={"knowledge": source}, drop_first_token=True)
    prepare(config, tmp_path, tmp_path / "out")
    found = {post.id: post.contexts for posts in read_splits(tmp_path / "out").values() for post in posts}
    said = {"1": "first", "2": "alone", "3": "second", "4": "third"}
    assert found == {key: {"knowledge": text} for key, text in said.items()}
    write(tmp_path / "k.zip", "no archive")
    with pytest.raises(UserError, match=r"k.zip: not a zip"):
        read_context(source, tmp_path)
