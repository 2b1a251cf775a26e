"""A mirror of data in the layout of the real downloads, with random texts and pictures."""

import io
import json
import random
import zipfile
from pathlib import Path

from PIL import Image

COUNTS = {"train": 24, "dev": 8, "test": 12}
NAMES = {"PER": "Ada Byron", "LOC": "New York", "ORG": "United", "MISC": "Oscars"}
OTHER = ["RT", "the", "crowd", "cheers", "for", "at", "https://t.co/x7", "#live", ":)", "in", "2016", "?"]
TWITTER = {  # folder of the mirror, its splits' files, what it calls the fourth type
    "twitter2015": ({"train": "train.txt", "dev": "valid.txt", "test": "test.txt"}, "OTHER"),
    "twitter2017": ({"train": "train.txt", "dev": "valid.txt", "test": "test.txt"}, "MISC"),
    "twitter10000": ({"train": "train.txt", "dev": "dev.txt", "test": "test.txt"}, "OTHER"),
}
# The state of a photo, by its index among the photos of a data set's training posts.
TRUNCATED, PNG, MISSING, EMPTY, WEB_PAGE = range(5)
UNUSABLE = 4  # all of these except the PNG that is named .jpg
PAGES = {  # pages of a chronicle, by the split that their sentences are in
    "train": [f"Archiv_obce_Lhota_inv_c_{number:03}" for number in range(1, 7)],
    "dev": [f"Archiv_obce_Lhota_inv_c_{number:03}" for number in range(7, 9)],
    "test": [f"Archiv_obce_Lhota_inv_c_{number:03}" for number in range(9, 12)],
}


def write_data(folder: Path) -> None:
    """Write the texts, captions, descriptions, knowledge and photos of all sets of both configurations."""
    draw = random.Random(1)
    ids = {name: _ids(name, draw) for name in ("twitter2015", "twitter2017")}
    # Twitter10000 is a re-split of the other two.
    ids["twitter10000"] = {
        split: ids["twitter2015"][split][::2] + ids["twitter2017"][split][::2] for split in COUNTS
    }
    posts = {
        name: {split: [(one, _words(draw)) for one in each] for split, each in ids[name].items()}
        for name in ids
    }
    for name, (files, fourth) in TWITTER.items():
        for split, file in files.items():
            text = "\n".join(f"IMGID:{one}\n{_lines(words, fourth)}" for one, words in posts[name][split])
            _write(folder / name / file, text)
    for name, file in {"twitter2015": "BLIP2_15.txt", "twitter2017": "BLIP2_17.txt"}.items():
        known = [one for each in ids[name].values() for one in each]
        _write(
            folder / "captions" / file, "".join(f"{one}.jpg :a crowd in front of a stage\n" for one in known)
        )
    _write_riveg(folder / "riveg", posts["twitter10000"])
    with _archive(folder / "twitter_photos/IJCAI2019_data.zip") as archive:
        for name in ("twitter2015", "twitter2017"):
            _write_photos(
                archive, f"IJCAI2019_data/{name}_images", [f"{one}.jpg" for one in _flat(ids[name])], draw
            )
    _write_mner_mi(folder / "mner_mi", draw)
    _write_poner(folder / "poner", draw)


def _ids(name: str, draw: random.Random) -> dict[str, list[str]]:
    """Ids in the forms of the real ones: 1015799 and O_4862; 17_06_12483 and 16_05_01_367."""
    numbers = iter(draw.sample(range(1000, 20000), sum(COUNTS.values())))
    forms = {"twitter2015": ("{}17", "O_{}"), "twitter2017": ("17_06_{}", "16_05_01_{}")}[name]
    return {
        split: [forms[place % 2].format(next(numbers)) for place in range(count)]
        for split, count in COUNTS.items()
    }


def _flat(ids: dict[str, list[str]]) -> list[str]:
    return [one for each in ids.values() for one in each]


def _words(draw: random.Random) -> list[tuple[str, str]]:
    """Words of a post, each with its tag."""
    words = [(word, "O") for word in draw.sample(OTHER, 5)]
    for kind in draw.sample(sorted(NAMES), 2):
        first, *rest = NAMES[kind].split()
        words += [(first, f"B-{kind}"), *((word, f"I-{kind}") for word in rest), (draw.choice(OTHER), "O")]
    return words


def _lines(words: list[tuple[str, str]], fourth: str) -> str:
    return "".join(f"{word}\t{tag.replace('MISC', fourth)}\n" for word, tag in words)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _archive(path: Path) -> zipfile.ZipFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    return zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)


def _write_riveg(folder: Path, posts: dict[str, list[tuple[str, list[tuple[str, str]]]]]) -> None:
    for split, each in posts.items():
        said = "".join(f"imgid:{one}###The image shows a crowd.\n\nIt is night.\n" for one, _ in each)
        _write(folder / f"owl{split}caption_1.txt", "\ufeff" + said)
    with _archive(folder / "Twitter10000_noaugment.zip") as archive:
        for split, file in {"train": "train.txt", "dev": "valid.txt", "test": "test.txt"}.items():
            known = "<EOS>\tX\nNamed\tX\nentities:1.\tX\n"
            archive.writestr(file, "\n".join(_lines(words, "OTHER") + known for _, words in posts[split]))


def _write_photos(archive: zipfile.ZipFile, folder: str, names: list[str], draw: random.Random) -> None:
    for place, name in enumerate(names):
        data = _photo(draw, "PNG" if place == PNG else "JPEG", "L" if place % 7 == 6 else "RGB")
        if place == TRUNCATED:
            data = data[: len(data) // 3]
        elif place == EMPTY:
            data = b""
        elif place == WEB_PAGE:
            data = b"<!DOCTYPE html><title>404</title>"
        if place != MISSING:
            archive.writestr(f"{folder}/{name}", data)


def _photo(draw: random.Random, form: str, mode: str = "RGB", size: tuple[int, int] = (0, 0)) -> bytes:
    """A photo in patches of colours, of the given or a random size."""
    small = Image.frombytes("RGB", (8, 6), draw.randbytes(8 * 6 * 3))
    file = io.BytesIO()
    any_size = draw.randrange(200, 400), draw.randrange(150, 300)
    small.resize(size if any(size) else any_size).convert(mode).save(file, form)
    return file.getvalue()


def _write_mner_mi(folder: Path, draw: random.Random) -> None:
    """JSON lines with the fields of MNER-MI, up to three images per post, and one archive of the images."""
    names, number = [], 5300
    for split, file in {"train": "train", "dev": "val", "test": "test"}.items():
        records = []
        for _ in range(COUNTS[split]):
            number += 1
            words = _words(draw)
            images = [f"{number}_{k}.jpg" for k in range(1 + number % 3)]
            labels = [tag.replace("MISC", "MIS") for _, tag in words]
            record = {"id": number, "text": [word for word, _ in words], "label": labels, "images": images}
            records.append(json.dumps(record | {"url": "https://t.co/x"}) + "\n")
            names += images
        _write(folder / f"text/MNER-MI_{file}.txt", "".join(records))
    with _archive(folder / "images.zip") as archive:
        _write_photos(archive, "images", names, draw)


def _write_poner(folder: Path, draw: random.Random) -> None:
    """Pages of four lines, one sentence per line, with their layout, scan and annotation."""
    export, whole = [], []
    source = folder / "source_data/Kroniky_11"
    for split, pages in PAGES.items():
        sentences = []
        for page in pages:
            years = draw.sample(range(1700, 1950), 4)
            lines = [f"Roku {year} přišel Jan Novák do Zvole a psal Kroniku za Spolek ." for year in years]
            sentences += [_conll(line) for line in lines]
            text = "\n".join(lines)
            _write(source / f"{page}.txt", text)
            _write(source / f"{page}_page.xml", _page_xml(page, lines))
            (source / f"{page}.jpg").write_bytes(_photo(draw, "JPEG", "L", (200, 140)))
            start = text.index("Jan")
            spans = [{"start": start, "end": start + 9, "labels": ["Personal names"]}]
            export.append({"page_name": page, "document_name": source.name, "ner": spans})
        _write(folder / f"conll/poner_{split}.conll", "\n\n".join(sentences) + "\n")
        whole += sentences
    _write(folder / "conll/poner.conll", "\n\n".join(whole) + "\n")
    _write(folder / "label_studio_annotations/label_studio_annotations_export.json", json.dumps(export))


def _conll(line: str) -> str:
    _, year, *_ = words = line.split()
    tags = {year: "B-t", "Jan": "B-p", "Novák": "I-p", "Zvole": "B-g", "Kroniku": "B-o", "Spolek": "B-i"}
    return "\n".join(f"{word} {tags.get(word, 'O')}" for word in words)


def _page_xml(page: str, lines: list[str]) -> str:
    elements = []
    for k, line in enumerate(lines):
        top, bottom = 10 + 30 * k, 35 + 30 * k
        points = f"10,{top} 190,{top} 190,{bottom} 10,{bottom}"
        elements.append(
            f'<TextLine id="{page[-3:]}-{k}"><Coords points="{points}"/>'
            f"<TextEquiv><Unicode>{line}</Unicode></TextEquiv></TextLine>"
        )
    namespace = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
    head = f'<PcGts xmlns="{namespace}"><Page imageFilename="{page}.jpg" imageWidth="200" imageHeight="140">'
    return f"{head}<TextRegion>{''.join(elements)}</TextRegion></Page></PcGts>"
