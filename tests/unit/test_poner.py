import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from mnerflow.data.pages.crops import box_on_scan, write_crops
from mnerflow.data.pages.layout import Layout, Line, read_layout
from mnerflow.data.pages.sheet import contact_sheet
from mnerflow.data.pages.stream import without_white_space
from mnerflow.data.poner import make_multimodal, place
from mnerflow.data.poner.align import AMBIGUOUS, EXPORT, NO_SCAN, NOT_FOUND, PLACED
from mnerflow.data.poner.splits import leak, page_split, published_split
from mnerflow.data.post import read_posts
from mnerflow.errors import UserError

SHARED = Path(__file__).parents[3] / "shared/data/poner"
NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
PAGES = {  # name of the XML: lines
    "kniha_001 (1)_page.xml": {"a1": "Roku 1764 přišel", "a2": "Jan do Br-", "a3": "na. Pršelo."},
    "kniha_002_page.xml": {"b1": "Pršelo.", "b2": "Josef"},
    "export-3.xml": {"c1": "odešel.", "empty": " ", "c2": "Konec."},
}
SENTENCES = ["Roku 1764 přišel Jan do Br- na .", "Pršelo .", "Pršelo .", "Josef odešel .", "Konec ."]
PUBLISHED = {"train": [0, 2], "dev": [3], "test": [1]}


def conll(sentences):
    names = {"Jan": "B-p", "Br-": "B-g", "na": "I-g", "Josef": "B-p"}
    lines = ["\n".join(f"{token} {names.get(token, 'O')}" for token in s.split()) for s in sentences]
    return "\n\n".join(lines) + "\n\n\n"


def page_xml(lines, width=200, height=100):
    """Line number k lies at x 9 to 110, y 18 + 30 k to 41 + 30 k, its polygon slightly askew."""
    elements = []
    for k, (name, text) in enumerate(lines.items()):
        top, bottom = 18 + 30 * k, 41 + 30 * k
        points = f"10,{top + 2} 110,{top} 110,{bottom} 9,{bottom - 1}"
        elements.append(
            f'<TextLine id="{name}"><Coords points="{points}"/>'
            f"<TextEquiv><Unicode>{text}</Unicode></TextEquiv></TextLine>"
        )
    return (
        f'<PcGts xmlns="{NAMESPACE}"><Page imageWidth="{width}" imageHeight="{height}">'
        f"<TextRegion>{''.join(elements)}</TextRegion></Page></PcGts>"
    )


@pytest.fixture
def raw(tmp_path):
    """Three pages, the last without scan; the scans have half the size that the XML states."""
    folder = tmp_path / "raw"
    export = []
    for number, (file, lines) in enumerate(PAGES.items()):
        collection = folder / "source_data" / f"collection {number // 2}"
        collection.mkdir(parents=True, exist_ok=True)
        name = file.removesuffix(".xml").removesuffix("_page")
        (collection / file).write_text(page_xml(lines), encoding="utf-8")
        text = "\n".join(lines.values())
        (collection / f"{name}.txt").write_text(text, encoding="utf-8")
        spans = []
        if "Jan" in text:  # one span, with a trailing space
            start = text.index("Jan")
            spans = [{"start": start, "end": start + 4, "labels": ["Personal names"]}]
        export.append({"page_name": name, "document_name": collection.name, "ner": spans})
        if number < 2:
            scan = Image.new("L", (100, 50), 255)
            ImageDraw.Draw(scan).rectangle((0, 24, 99, 49), fill=0)  # all lines but the first are black
            scan.save(collection / f"{name}.jpg", quality=95)
    (folder / "conll").mkdir()
    (folder / "conll/poner.conll").write_text(conll(SENTENCES), encoding="utf-8")
    for split, numbers in PUBLISHED.items():
        sentences = [SENTENCES[number] for number in numbers] + ["Cizí věta ."] * (split == "test")
        (folder / f"conll/poner_{split}.conll").write_text(conll(sentences), encoding="utf-8")
    (folder / EXPORT).parent.mkdir()
    (folder / EXPORT).write_text(json.dumps(export), encoding="utf-8")
    return folder


def test_sentences_are_placed_on_their_lines_and_every_other_has_its_reason(raw):
    placement = place(raw)
    found = {s.post.id: (s.pages, [line for _, line in s.lines], s.status) for s in placement.sentences}
    assert found == {
        "train-1": (["kniha_001 (1)"], ["a1", "a2", "a3"], PLACED),
        "train-2": (["kniha_001 (1)"], ["a3"], AMBIGUOUS),
        "dev-1": (["kniha_002", "export-3"], ["b2", "c1"], NO_SCAN),
        "test-1": (["kniha_002"], ["b1"], AMBIGUOUS),
        "test-2": ([], [], NOT_FOUND),
    }
    assert placement.left_out == ["Konec ."]


def test_box_is_scaled_to_the_scan_and_kept_inside():
    layout = Layout(200, 100, [])
    assert box_on_scan((9, 18, 110, 41), layout, (100, 50)) == (4, 9, 55, 21)
    assert box_on_scan((9, 18, 110, 41), layout, (200, 100)) == (9, 18, 110, 41)
    assert box_on_scan((-6, 90, 260, 130), layout, (100, 50)) == (0, 45, 100, 50)
    assert box_on_scan((230, 110, 260, 130), layout, (100, 50)) == (99, 49, 100, 50)


def test_multimodal_posts_show_their_lines(raw, tmp_path):
    out = tmp_path / "out"
    report = make_multimodal(raw, out)
    train = read_posts(out / "train.jsonl")
    assert train[0].images == [f"kniha_001 (1)/a{k}.jpg" for k in (1, 2, 3)]
    assert (train[0].group, train[0].language, train[0].labels[3]) == ("kniha_001 (1)", "cs", "B-p")
    assert [post.images for post in read_posts(out / "test.jsonl")] == [["kniha_002/b1.jpg"], []]

    with (
        Image.open(out / "images" / train[0].images[0]) as white,
        Image.open(out / "images" / train[0].images[1]) as black,
    ):
        assert white.size == (51, 12) and white.getextrema()[0] > 200
        assert black.size == (51, 12) and black.getextrema()[1] < 60
    assert sorted(path.name for path in (out / "images").rglob("*.jpg")) == [
        "a1.jpg",
        "a2.jpg",
        "a3.jpg",
        "b1.jpg",
    ]

    assert report == json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["sentences"]["test"] == {"all": 2, PLACED: 0, AMBIGUOUS: 1, NO_SCAN: 0, NOT_FOUND: 1}
    assert report["images"]["crops"] == 4
    assert report["annotation"]["with trailing white space"] == 1
    assert report["annotation"]["that are CoNLL entities"] == 1
    assert report["pages without scan"] == ["export-3"]
    with (out / "placement.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[2] == {
        "split": "dev", "id": "dev-1", "page": "kniha_002;export-3", "lines": "b2;c1", "status": NO_SCAN
    }  # fmt: skip

    contact_sheet([out / "train.jsonl"], out / "images", tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.width == 1000 and len(image.getcolors(100_000)) > 2


def test_page_split_keeps_pages_whole_and_lists_what_has_no_page(raw, tmp_path):
    placement = place(raw)
    assert leak(published_split(placement))["pages in several splits"] == 1  # dev and test share kniha_002
    splits = page_split(placement, seed=3)
    assert leak(splits)["pages in several splits"] == 0
    assert sum(map(len, splits.values())) == 4
    report = make_multimodal(raw, tmp_path / "out", split="page", seed=3)
    assert report["sentences left out of this split"] == ["test-2"]
    first = [(tmp_path / "out" / f"{split}.jsonl").read_bytes() for split in splits]
    make_multimodal(raw, tmp_path / "out", split="page", seed=3)
    assert first == [(tmp_path / "out" / f"{split}.jsonl").read_bytes() for split in splits]


def test_spans_lose_their_white_space():
    assert without_white_space("Jan  z\nBrna", [(0, 4, "p"), (5, 11, "g")]) == [(0, 3, "p"), (3, 8, "g")]


def break_xml(raw):
    (raw / "source_data/collection 0/kniha_002_page.xml").write_text("<PcGts>", encoding="utf-8")


def break_polygon(raw):
    xml = page_xml({"b1": "Pršelo."}).replace("10,20", "10;20")
    (raw / "source_data/collection 0/kniha_002_page.xml").write_text(xml, encoding="utf-8")


def break_line_id(raw):
    xml = page_xml({"../b1": "Pršelo."})
    (raw / "source_data/collection 0/kniha_002_page.xml").write_text(xml, encoding="utf-8")


def break_text(raw):
    xml = page_xml({"b1": "Sněžilo.", "b2": "Josef"})
    (raw / "source_data/collection 0/kniha_002_page.xml").write_text(xml, encoding="utf-8")


def break_scan(raw):
    (raw / "source_data/collection 0/kniha_002.jpg").write_text("<html>quota</html>", encoding="utf-8")


def turn_scan(raw):
    Image.new("L", (50, 100)).save(raw / "source_data/collection 0/kniha_002.jpg")


def lose_xml(raw):
    (raw / "source_data/collection 0/kniha_002_page.xml").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_xml, "kniha_002_page.xml: not readable XML"),
        (break_polygon, "line b1: points="),
        (break_line_id, "line id '../b1'"),
        (break_text, "sentence 3 .* is not what stands at kniha_002/b1"),
        (break_scan, "kniha_002.jpg: the scan cannot be read"),
        (turn_scan, "50 x 100 pixels are not the proportions of its layout"),
        (lose_xml, "no .xml or no .txt of the page 'kniha_002'"),
    ],
)
def test_damaged_data_ends_in_a_message_and_writes_nothing(raw, tmp_path, damage, message):
    damage(raw)
    with pytest.raises(UserError, match=message):
        make_multimodal(raw, tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))


@pytest.fixture(scope="module")
def real():
    if not SHARED.exists():
        pytest.skip("the real data are not here")
    return place(SHARED)


def test_real_sentences_are_all_found(real):
    counts = defaultdict(lambda: defaultdict(int))
    for sentence in real.sentences:
        counts[sentence.split][sentence.status] += 1
    assert counts == {
        "train": {PLACED: 3706, AMBIGUOUS: 286, NO_SCAN: 196},
        "dev": {PLACED: 403, AMBIGUOUS: 34, NO_SCAN: 28},
        "test": {PLACED: 4193, AMBIGUOUS: 291, NO_SCAN: 171},
    }
    assert len(real.left_out) == 2


def test_real_published_split_leaks_and_page_split_does_not(real):
    published = leak(published_split(real))
    assert published["pages in several splits"] == 397
    assert published["test sentences of a page with training sentences"] == 4649
    for seed in range(3):
        splits = page_split(real, seed)
        assert leak(splits)["pages in several splits"] == 0
        for split, size in (("train", 4188), ("dev", 465), ("test", 4655)):
            assert abs(len(splits[split]) - size) < 60
        assert sorted(s.post.id for members in splits.values() for s in members) == sorted(
            s.post.id for s in real.sentences
        )


def test_real_crops_have_ink(real, tmp_path):
    few = [line for sentence in real.sentences[:40] if sentence.has_images for line in sentence.lines]
    assert (
        write_crops(real.pages, few, tmp_path / "images")
        == len(list((tmp_path / "images").rglob("*.jpg")))
        > 40
    )
    for path in (tmp_path / "images").rglob("*.jpg"):
        with Image.open(path) as image:
            darkest, brightest = image.getextrema()
            assert brightest - darkest > 20, path


def test_real_page_without_page_in_its_name():
    path = SHARED / "source_data/Kroniky_SOkA_České_Budějovice/export-122749-19.xml"
    if not path.exists():
        pytest.skip("the real data are not here")
    layout = read_layout(path)
    assert (layout.width, layout.height) == (3041, 2338)
    assert layout.lines[0] == Line("r000-l015", "Popis obce", (126, 667, 356, 734))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
PAGE = (
    '<PcGts><Page imageWidth="{}" imageHeight="9"><TextLine id="a"><Coords points="{}"/>{}</TextLine></Page>'
    "</PcGts>"
)
TEXT = "<TextEquiv><Unicode>a</Unicode></TextEquiv>"
HOSTILE = {
    "a billion laughs": f'<!DOCTYPE PcGts [<!ENTITY l0 "ha">{LAUGHS}]><PcGts>&l19;</PcGts>',
    "a file of this machine": '<!DOCTYPE PcGts [<!ENTITY f SYSTEM "file:///etc/passwd">]><PcGts>&f;</PcGts>',
    "100,000 deep": "<PcGts>" * 100_000 + "</PcGts>" * 100_000,
    "another encoding": "<?xml version='1.0' encoding='nothing'?><P/>",
    "no XML": "\x00",
    "a width of 5,000 digits": PAGE.format("9" * 5000, "1,1", TEXT),
    "a width of no digits": PAGE.format("٣", "1,1", TEXT),
    "a negative width": PAGE.format("-9", "1,1", TEXT),
    "points of 5,000 digits": PAGE.format(9, f"{'9' * 5000},1", TEXT),
    "points that are no numbers": PAGE.format(9, "1,nan", TEXT),
    "a single number": PAGE.format(9, "1", TEXT),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_is_one_message(name, tmp_path):
    (tmp_path / "page.xml").write_text(HOSTILE[name], encoding="utf-8")
    with pytest.raises(UserError, match=r"page\.xml: ") as error:
        read_layout(tmp_path / "page.xml")
    assert len(str(error.value)) < 400
