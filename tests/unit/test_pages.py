"""Scanned pages, PAGE and ALTO XML: lines, names and crops, and what is wanting on them."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from PIL import Image

from mnerflow.cli import main
from mnerflow.data.config import PrepareConfig
from mnerflow.data.formats import companions_of, format_of, parse, write_images
from mnerflow.data.pages.layout import read_layout
from mnerflow.data.post import SPLITS, Post, read_splits
from mnerflow.data.prepare import prepare
from mnerflow.errors import UserError
from mnerflow.prediction.texts import Cutter, of_pages

PAGE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/"


def line(name: str, text: str, top: int, custom: str = "", shape: str = "") -> str:
    shape = shape or f'<Coords points="10,{top} 310,{top} 310,{top + 20} 10,{top + 20}"/>'
    return (
        f'<TextLine id="{name}" custom="{custom}">{shape}'
        f"<TextEquiv><Unicode>{text}</Unicode></TextEquiv></TextLine>"
    )


def page(*lines: str, version: str = "2013-07-15", image: str = "one.png", order: str = "") -> str:
    return (
        f'<PcGts xmlns="{PAGE}{version}"><Page imageFilename="{image}" imageWidth="320" imageHeight="240">'
        f'{order}<TextRegion id="r1">{"".join(lines)}</TextRegion></Page></PcGts>'
    )


def alto(lines: str, tags: str = "", more: str = "") -> str:
    return (
        f'<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#">{more}<Tags>{tags}</Tags><Layout>'
        f'<Page WIDTH="3200" HEIGHT="2400"><PrintSpace><TextBlock ID="b">{lines}</TextBlock></PrintSpace>'
        "</Page></Layout></alto>"
    )


PERSON = "person {offset:0; length:3;}"


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two pages of Transkribus with names, each with its image; the second line of the first is black."""
    folder = tmp_path / "scans"
    (folder / "page").mkdir(parents=True)
    first = page(line("l1", "Ann sings", 10, PERSON), line("l2", "in Rome", 50))
    (folder / "page/1.xml").write_text(first, encoding="utf-8")
    (folder / "page/2.xml").write_text(page(line("l1", "Bob runs", 10, PERSON), image=""), encoding="utf-8")
    for name in ("one", "2"):
        image = Image.new("L", (320, 240), 255)
        image.paste(0, (0, 45, 320, 80))
        image.save(folder / f"{name}.png")
    return folder


def posts(folder: Path) -> list[Post]:
    return parse("page_xml", folder)


def only(folder: Path, xml: str) -> list[Post]:
    """The posts of one page alone."""
    for file in folder.rglob("*.xml"):
        file.unlink()
    (folder / "page/1.xml").write_text(xml, encoding="utf-8")
    return posts(folder)


def test_a_line_is_a_post_with_its_crop_and_its_page_is_its_group(scans: Path, tmp_path: Path):
    first, second, third = posts(scans)
    assert first == Post(
        "scans/page/1-l1",
        ["Ann", "sings"],
        ["B-person", "O"],
        ["scans/page/1/l1.jpg"],
        group="scans/page/1",
    )
    assert second.labels == ["O", "O"] and third.group == "scans/page/2"
    assert write_images("page_xml", [scans], tmp_path / "images") == 3
    with Image.open(tmp_path / "images" / second.images[0]) as black:
        assert black.size == (300, 20) and black.getextrema()[1] < 60
    with Image.open(tmp_path / "images" / first.images[0]) as white:
        assert white.getextrema()[0] > 200
    assert format_of(scans) == "page_xml"
    assert [file.name for file in companions_of("page_xml", scans)] == ["1.xml", "2.xml"]
    assert format_of(scans / "page/1.xml") == "page_xml"
    with ZipFile(tmp_path / "export.zip", "w") as archive:  # not compressed, as eScriptorium writes it
        archive.write(scans / "page/1.xml")
    assert format_of(tmp_path / "export.zip") == ""


def test_pages_of_one_name_in_several_documents_keep_their_scans_and_groups(tmp_path: Path):
    folders = dict(zip(SPLITS, ("doc1/page", "doc2/page", "doc3/page"), strict=True))
    for shade, folder in enumerate(folders.values()):
        (tmp_path / folder).mkdir(parents=True)
        xml = page(line("l1", f"Ann {shade}", 10, PERSON), image="")
        (tmp_path / folder / "0001.xml").write_text(xml, encoding="utf-8")
        Image.new("L", (320, 240), 100 * shade).save(tmp_path / folder / "../0001.png")
    config = PrepareConfig("page_xml", ["person"], {split: [folder] for split, folder in folders.items()})
    assert prepare(config, tmp_path, tmp_path / "out").straddling_groups == []
    paths = [tmp_path / folder for folder in folders.values()]
    assert write_images("page_xml", paths, tmp_path / "images", tmp_path) == 3
    for shade, (split, posts) in enumerate(read_splits(tmp_path / "out").items()):
        name = f"{folders[split]}/0001"
        assert [(post.id, post.group, post.images) for post in posts] == [
            (f"{name}-l1", name, [f"{name}/l1.jpg"])
        ]
        with Image.open(tmp_path / "images" / posts[0].images[0]) as crop:
            assert crop.getpixel((5, 5)) == 100 * shade


def test_names_that_go_on_over_the_end_of_a_line_make_one_post(scans: Path):
    lines = (
        line("l1", "in Ro-", 10, "place {offset:3; length:3; continued:true;} person {offset:3; length:2;}"),
        line(
            "l2", "me 👍 Ann", 40, "place {offset:0; length:2; continued:true;} person {offset:6; length:3;}"
        ),
        line("l3", "place {offset} is text", 70, "abbrev {offset:0; length:5;} structure {type:p;}"),
    )
    joined, rest = only(scans, page(*lines))
    assert joined.tokens == ["in", "Ro", "-", "me", "👍", "Ann"]
    assert joined.labels == ["O", "B-place", "I-place", "I-place", "O", "B-person"]
    assert joined.images == ["scans/page/1/l1.jpg", "scans/page/1/l2.jpg"] and len(rest.tokens) == 6


@pytest.mark.parametrize("version", ["2010-03-19", "2013-07-15", "2019-07-15"])
def test_lines_are_read_in_the_order_that_the_page_states(scans: Path, version: str):
    order = (
        '<ReadingOrder><OrderedGroup id="g"><RegionRefIndexed index="1" regionRef="r1"/>'
        '<RegionRefIndexed index="0" regionRef="r2"/></OrderedGroup></ReadingOrder>'
    )
    lines = (
        line("a", "third Ann", 60, "readingOrder {index:1;} person {offset:6; length:3;}"),
        line("b", "second", 30, "readingOrder {index:0;}"),
        '</TextRegion><TextRegion id="r2">',
        line("c", "first", 10),
        '</TextRegion><TextRegion id="r3">',
        line("d", "last", 90),
    )
    read = only(scans, page(*lines, version=version, order=order))
    assert [post.tokens[0] for post in read] == ["first", "second", "third", "last"]


def test_alto_gives_lines_names_and_boxes_in_its_own_unit(scans: Path, tmp_path: Path):
    lines = """
      <TextLine ID="a" HPOS="100" VPOS="100.5" WIDTH="3000" HEIGHT="200">
        <String TAGREFS="T1"/><String CONTENT="Anna" TAGREFS="T1"/><SP/><String CONTENT="Nová" TAGREFS="T1"/>
        <SP/><String CONTENT="v" TAGREFS="T9"/><SP/><String CONTENT="Domaž" TAGREFS="T2"/><HYP CONTENT="-"/>
      </TextLine>
      <TextLine HPOS="1" VPOS="1" WIDTH="1" HEIGHT="1" BASELINE="5">
        <Shape><Polygon POINTS="100 450 3100 450 3100 800 100 800"/></Shape>
        <String CONTENT="licích" TAGREFS="T2"/><String CONTENT="."/>
      </TextLine>"""
    tags = (
        '<NamedEntityTag ID="T1" TYPE="person" LABEL="Anna"/><NamedEntityTag ID="T2" LABEL="place"/>'
        '<OtherTag ID="T9" LABEL="x"/>'
    )
    name = (
        "<Description><sourceImageInformation><fileName>C:\\scans\\one.png</fileName>"
        "</sourceImageInformation></Description>"
    )
    [post] = only(scans, alto(lines, tags, name))
    assert post.tokens == ["Anna", "Nová", "v", "Domaž", "-", "licích", "."]
    assert post.labels == ["B-person", "I-person", "O", "B-place", "I-place", "I-place", "O"]
    assert post.images == ["scans/page/1/a.jpg", "scans/page/1/line-2.jpg"]
    write_images("page_xml", [scans], tmp_path / "images")
    with Image.open(tmp_path / "images" / post.images[1]) as black:
        assert black.size == (300, 35) and black.getextrema()[1] < 60


def test_a_baseline_alone_is_cut_as_tall_as_other_lines_of_its_page(scans: Path):
    bare = '<Coords points="1,1 1,1"/><Baseline points="20,116 300,116"/>'
    only(scans, page(line("l1", "Ann", 10, PERSON), line("l2", "a", 0, shape=bare)))
    layout = read_layout(scans / "page/1.xml")
    assert layout and [one.box for one in layout.lines] == [(10, 10, 310, 30), (20, 100, 300, 122)]


EXPORT = [
    {
        "id": 7,
        "data": {"page_name": "1", "text": "Ann  sings\nin Rome"},
        "annotations": [
            {
                "result": [
                    {"type": "labels", "value": {"start": 5, "end": 13, "labels": ["Song"]}},
                    {"type": "labels", "value": {"start": 14, "end": 18, "labels": ["A place"]}},
                ]
            }
        ],
    }
]


def without_names(folder: Path) -> None:
    for file in folder.rglob("*.xml"):
        file.write_text(file.read_text(encoding="utf-8").replace(PERSON, ""), encoding="utf-8")


def test_a_label_studio_export_gives_names_by_page_and_others_are_left_out(scans: Path, caplog):
    without_names(scans)
    (scans / "names.json").write_text(json.dumps(EXPORT), encoding="utf-8")
    [post] = posts(scans)
    assert post.tokens == ["Ann", "sings", "in", "Rome"]
    assert post.labels == ["O", "B-Song", "I-Song", "B-A_place"]
    assert (
        len(post.images) == 2
        and "pages of which names.json says nothing, left out: 1 (scans/page/2)" in caplog.text
    )
    EXPORT[0]["data"]["text"] = "Ann  swims\nin Rome"
    (scans / "names.json").write_text(json.dumps(EXPORT), encoding="utf-8")
    EXPORT[0]["data"]["text"] = "Ann  sings\nin Rome"
    with pytest.raises(UserError, match=r"names\.json: page 1, '1': its text is not that .*'ingsinRome'"):
        posts(scans)


def test_a_task_that_names_no_page_is_refused_with_those_that_there_are(scans: Path):
    without_names(scans)
    task = EXPORT[0] | {"data": {"text": "Ann  sings\nin Rome"}}
    (scans / "names.json").write_text(json.dumps([task]), encoding="utf-8")
    with pytest.raises(
        UserError, match=r"pages called '7': 0, .* there are 1, 2\. Name the page in the task"
    ):
        posts(scans)


def test_sentences_are_found_on_their_lines_and_pages_that_share_one_are_a_group(scans: Path):
    without_names(scans)
    sentence = "Bob S-PER\nruns O\nAnn S-PER\n\nsings O\nin O\n\nRome S-LOC\n"
    (scans / "names.conll").write_text(sentence, encoding="utf-8")
    found = [(post.tokens, post.images, post.group) for post in posts(scans)]
    assert found == [
        (["Bob", "runs", "Ann"], ["scans/page/2/l1.jpg", "scans/page/1/l1.jpg"], "scans/page/2"),
        (["sings", "in"], ["scans/page/1/l1.jpg", "scans/page/1/l2.jpg"], "scans/page/2"),
        (["Rome"], ["scans/page/1/l2.jpg"], "scans/page/2"),
    ]
    assert posts(scans)[0].labels == ["B-PER", "O", "B-PER"]
    for wrong, said in (
        (sentence.replace("sings", "swims"), "'wimsinRome' .* scans/page/1 continues with 'ingsinRome'"),
        (f"\u00a0 O\n\n{sentence}", "post 'names-1' is white space alone"),
    ):
        (scans / "names.conll").write_text(wrong, encoding="utf-8")
        with pytest.raises(UserError, match=rf"names\.conll: {said}"):
            posts(scans)


def test_what_is_wanting_is_counted_and_listed(scans: Path, caplog):
    (scans / "2.png").unlink()
    Image.new("L", (9, 9)).save(scans / "cover.jpg")
    (scans / "mets.xml").write_text("<mets/>", encoding="utf-8")
    far = '<Coords points="900,900 950,900 950,950"/>'
    lines = (line("l1", "Ann", 10, PERSON), line("l2", " ", 30), line("l3", "a¬", 0, shape=far))
    (scans / "page/1.xml").write_text(page(*lines), encoding="utf-8")
    (scans / "page/3.xml").write_text(page(image=""), encoding="utf-8")
    read = posts(scans)
    assert [len(post.images) for post in read] == [1, 0, 0]
    for said in (
        "XML files that are no PAGE or ALTO: 1 (mets.xml)",
        "pages without an image, whose lines are read without one: 2 (scans/page/2, scans/page/3)",
        "images that belong to no page, and are not read: 1 (cover.jpg)",
        "pages without a transcribed line, which are left out: 1 (scans/page/3)",
        "lines without text, which are left out: 1 (scans/page/1)",
        "lines without a polygon, baseline or box on their page, which are read without an image: 1 "
        "(scans/page/1 l3)",
        "lines that end in a hyphen, whose word is read in two halves: 1 (scans/page/1)",
    ):
        assert said in caplog.text


def test_old_czech_and_hebrew_pages_keep_their_characters_and_offsets(scans: Path):
    xml = page(line("l1", "Žižka přišel", 10, "person {offset:0; length:5;}"))
    (scans / "page/2.xml").unlink()
    (scans / "page/1.xml").write_bytes(f"<?xml version='1.0' encoding='windows-1250'?>{xml}".encode("cp1250"))
    [post] = posts(scans)
    assert (post.tokens, post.labels) == (["Žižka", "přišel"], ["B-person", "O"])
    (scans / "page/1.xml").write_bytes(xml.encode("cp1250"))
    with pytest.raises(UserError, match=r"1\.xml: not readable XML .* its first line is to say so"):
        posts(scans)
    [post] = only(scans, page(line("l1", "בא משה לעיר", 10, "person {offset:3; length:3;}")))
    assert (post.tokens, post.labels) == (["בא", "משה", "לעיר"], ["O", "B-person", "O"])


NAN = '<Coords points="1,2 nan,4 5,6"/>'
REFUSED = {
    "an entity": ('<!DOCTYPE PcGts [<!ENTITY a "b">]>' + page(line("l1", "&a;", 1)), "declares an entity"),
    "an entity of a file": (
        '<!DOCTYPE PcGts [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + page(line("l1", "&a;", 1)),
        "declares an entity",
    ),
    "NaN": (page(line("l1", "Ann", 1, PERSON, NAN)), "line l1: points='1,2 nan,4 5,6' is no polygon"),
    "a name off its line": (
        page(line("l1", "Al", 1, PERSON)),
        "line l1: 'person .* holds no word of its text",
    ),
    "a name without a length": (
        page(line("l1", "Ann", 1, "person {offset:0; length:-3;}")),
        "line l1: 'person .* has no offset and length",
    ),
    "two lines of one id": (
        page(line("l1", "Ann", 1, PERSON), line("l1", "b", 9)),
        "two lines have the same id",
    ),
    "no name": (page(line("l1", "Ann", 1)), "1 page of 1 line, without names. `mnerflow predict RUN"),
    "an ALTO tag without a type": (
        alto('<TextLine ID="a"><String CONTENT="a" TAGREFS="T"/></TextLine>', '<NamedEntityTag ID="T"/>'),
        "the NamedEntityTag 'T' has no TYPE",
    ),
}


@pytest.mark.parametrize("damage", REFUSED)
def test_a_damaged_page_is_one_message(scans: Path, damage: str):
    xml, message = REFUSED[damage]
    with pytest.raises(UserError, match=message):
        only(scans, xml)


def test_one_page_in_two_files_is_refused(scans: Path):
    (scans / "alto").mkdir()
    (scans / "alto/one.xml").write_text((scans / "page/1.xml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(UserError, match="alto/one and scans/page/1 describe one page"):
        posts(scans)


def test_a_scan_of_other_proportions_is_refused(scans: Path):
    Image.new("L", (240, 320)).save(scans / "one.png")
    with pytest.raises(UserError, match=r"one\.png: 240 x 320 pixels are not the proportions"):
        posts(scans)


def test_names_in_the_xml_and_in_a_file_are_one_too_many(scans: Path):
    (scans / "names.conll").write_text("Ann B-PER\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"in the XML, as in scans/page/1, and in names\.conll\. Keep one\."):
        posts(scans)


def test_check_knows_a_folder_of_pages_and_how_to_begin(scans: Path, capsys: pytest.CaptureFixture):
    (scans / "page/3.xml").write_text(page(line("l1", "Zoë", 10, PERSON), image=""), encoding="utf-8")
    assert main(["check", str(scans)]) == 0
    told = capsys.readouterr().out
    assert "entities: person 3" in told and "usable images: 3" in told
    assert f"folder: {scans.parent}" in told and "splits: {train: scans}\n    dev_fraction: 0.1" in told
    assert "fit: wrap\n    pictures: scans\n" in told and "my_scans:" in told
    for split in ("train", "dev"):
        (scans / split).mkdir()
    for number, split in ((1, "train"), (2, "dev"), (3, "train")):
        (scans / f"page/{number}.xml").rename(scans / split / f"{number}.xml")
    assert main(["check", str(scans)]) == 0
    told = capsys.readouterr().out
    assert f"folder: {scans}\n" in told and "splits: {train: train, dev: dev}" in told
    assert "test_fraction: 0.1" in told and "dev_fraction:" not in told
    without_names(scans)
    assert main(["check", str(scans)]) == 1
    assert "--format label_studio` suggests some" in capsys.readouterr().out


def test_strips_of_a_script_that_is_read_from_the_right_begin_there(
    scans: Path, capsys: pytest.CaptureFixture
):
    for number in (1, 2, 3):
        hebrew = page(line("l1", "משה בא 7", 10, PERSON), line("l2", f"לעיר Rome {number}", 50), image="")
        (scans / f"page/{number}.xml").write_text(hebrew, encoding="utf-8")
    Image.new("L", (320, 240)).save(scans / "1.png")
    assert main(["check", str(scans)]) == 0
    assert "\n    fit: wrap_rtl\n" in capsys.readouterr().out


def test_check_lists_what_pages_want_before_and_after_they_have_names(
    scans: Path, capsys: pytest.CaptureFixture
):
    (scans / "2.png").unlink()
    (scans / "page/3.xml").write_text(page(image=""), encoding="utf-8")
    (scans / "page/4.xml").write_text(page(line("l1", "Zoë", 10, PERSON), image=""), encoding="utf-8")
    wants = (
        "pages without an image, whose lines are read without one: 3 (scans/page/2, scans/page/3, "
        "scans/page/4)\n",
        "pages without a transcribed line, which are left out: 1 (scans/page/3)\n",
    )
    assert main(["check", str(scans)]) == 0
    told = capsys.readouterr()
    assert told.err == "" and "problems that do not stop a run: 3\n" in told.out, "two wants, and no split"
    assert all(f"    {scans}: {want}" in told.out for want in wants)
    without_names(scans)
    assert main(["check", str(scans)]) == 1
    told = capsys.readouterr().out
    assert all(f"    {scans}: {want}" in told for want in wants) and "images: none" not in told


def test_new_pages_are_texts_whose_lines_show_their_crops(scans: Path, tmp_path: Path):
    first, second = of_pages(scans, Cutter(), tmp_path / "crops")
    assert (first.id, first.text) == ("scans/page/1", "Ann sings\nin Rome")
    assert [first.text[start:end] for start, end in first.sentences[1]] == ["in", "Rome"]
    assert first.images == [(scans, "one.png")] and second.images == [(scans, "2.png")]
    [(folder, name)] = first.crops[1]
    with Image.open(folder / name) as black:
        assert black.getextrema()[1] < 60
