import gzip
import hashlib
import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from mnerflow.data import archive, download, google_drive
from mnerflow.data.archive import unpack
from mnerflow.data.contexts import context_files
from mnerflow.data.download import fetch
from mnerflow.data.sources import mirror_file
from mnerflow.errors import UserError

ROOT = Path(__file__).parents[2]
SHARED = Path(__file__).parents[3] / "shared"
REGISTRY = yaml.safe_load((ROOT / "config" / "datasets.yaml").read_text(encoding="utf-8"))["datasets"]
WITH_FILES = {name: entry for name, entry in REGISTRY.items() if "files" in entry}

DATA = bytes(range(256)) * 2000
SUM = hashlib.sha256(DATA).hexdigest()
DRIVE_ID = "1PpvvncnQkgDNeBMKVgG2zFYuRhbL873g"
CONFIRM = """<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>
<p>Google Drive can't scan this file for viruses.</p>
<form id="download-form" action="/download" method="get">
<input type="submit" value="Download anyway"/><input type="hidden" name="id" value="{id}">
<input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="a&amp;b"></form>"""
QUOTA = """<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body>
<p class="uc-error-caption">Sorry, you can't view or download this file at this time.</p>"""


class Server(ThreadingHTTPServer):
    """Plays the file hosts; ``asked`` lists path and Range of every request, ``failures`` counts down."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[tuple[str, str | None]] = []
        self.failures = 0
        self.ranges = True
        self.longest_range = len(DATA)
        self.version = "1"
        self.tag_is_sent = True


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    @property
    def tag(self) -> str:
        return f'"{self.server.version}"'

    def do_GET(self) -> None:
        span = self.headers["Range"]
        if self.headers.get("If-Range", self.tag) != self.tag:
            span = None
        self.server.asked.append((self.path, span))
        path = self.path.partition("?")[0]
        fail = self.server.failures > 0
        self.server.failures -= fail
        if path == "/file" or self.path == f"/download?id={DRIVE_ID}&confirm=t&uuid=a%26b":
            start = int(span[6:-1]) if span and self.server.ranges else 0
            self.send_file(start, stop=start + 100_000 if fail else len(DATA))
        elif path in ("/busy", "/slow") and not fail:
            self.send_file(0, len(DATA))
        elif path == "/slow" and fail:
            self.rfile.read(1)  # until the client hangs up
        elif path == "/uc":
            page = CONFIRM.format(id=DRIVE_ID).encode()
            self.protocol_version = "HTTP/1.1"  # in pieces, as real servers send a page
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Transfer-Encoding", "chunked")
            self.send_header("Connection", "close")
            self.end_headers()
            for piece in (page[:150], page[150:], b""):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        elif path == "/quota":
            self.send_page(200, QUOTA)
        elif path == "/page":
            self.send_page(200, "<html>Please sign in</html>")
        elif path == "/disguised":
            self.send_page(200, "\n<!doctype HTML><p>Out of order", "application/octet-stream")
        else:
            self.send_page(503 if path == "/busy" else 404, "<html>no</html>")

    def send_file(self, start: int, stop: int) -> None:
        if start == len(DATA):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(DATA)}")
            self.send_header("Content-Type", "text/html")  # as nginx and Apache do, with a page below
            self.send_header("Content-Length", "13")
            self.end_headers()
            self.wfile.write(b"<html></html>")
            return
        else:
            end = min(start + self.server.longest_range, len(DATA)) if start else len(DATA)
            stop = min(stop, end)
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(end - start))
            if self.server.tag_is_sent:
                self.send_header("ETag", self.tag)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(DATA)}")
        self.end_headers()
        self.wfile.write(DATA[start:stop])

    def send_page(self, status: int, text: str, kind: str = "text/html; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "PAUSE", 0.001)
    with Server() as server:
        monkeypatch.setattr(google_drive, "DOWNLOAD", f"{server.url}/uc")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_file_that_is_too_large(server: Server, tmp_path: Path) -> None:
    fetch(f"{server.url}/file", tmp_path / "whole", max_bytes=len(DATA))
    assert (tmp_path / "whole").read_bytes() == DATA
    with pytest.raises(UserError, match=r"/file: larger than 511,999 bytes"):
        fetch(f"{server.url}/file", tmp_path / "target", max_bytes=len(DATA) - 1)
    assert not (tmp_path / "target").exists()


def test_a_file_is_fetched_whole_and_an_unknown_sum_is_recorded(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "new" / "a.txt"
    fetch(f"{server.url}/file", target)
    assert target.read_bytes() == DATA
    assert (tmp_path / "new" / "a.txt.sha256").read_text() == f"{SUM}  a.txt\n"
    assert names(tmp_path) == ["new/a.txt", "new/a.txt.sha256"]


def test_a_known_sum_is_compared_and_not_recorded(server: Server, tmp_path: Path) -> None:
    fetch(f"{server.url}/file", tmp_path / "a.txt", sha256=SUM)
    assert names(tmp_path) == ["a.txt"]


def test_a_broken_connection_is_resumed_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.failures = 5  # more than ATTEMPTS in all, but each brings new bytes
    fetch(f"{server.url}/file", tmp_path / "a.txt", sha256=SUM)
    begins = [int(span[6:-1]) if span else 0 for _, span in server.asked]
    assert len(begins) == 6
    assert begins == sorted(set(begins))


@pytest.mark.parametrize("known", [SUM, None])
def test_a_server_that_sends_short_ranges_is_asked_for_all_of_them(
    server: Server, tmp_path: Path, known: str | None
) -> None:
    server.failures, server.longest_range = 1, 150_000
    fetch(f"{server.url}/file", tmp_path / "a.txt", sha256=known)
    assert (tmp_path / "a.txt").read_bytes() == DATA
    assert len(server.asked) == 4


@pytest.mark.parametrize("ranges", [True, False])
def test_the_next_run_goes_on_with_the_part_if_the_server_can(
    server: Server, tmp_path: Path, ranges: bool
) -> None:
    server.ranges = ranges
    (tmp_path / "a.txt.part").write_bytes(DATA[:1000])
    fetch(f"{server.url}/file", tmp_path / "a.txt", sha256=SUM)
    assert server.asked == [("/file", "bytes=1000-")]
    assert names(tmp_path) == ["a.txt"]


def test_a_part_of_unknown_sum_goes_on_only_while_the_file_is_the_same(
    server: Server, tmp_path: Path
) -> None:
    def begin() -> None:
        with pytest.MonkeyPatch.context() as patch, pytest.raises(UserError):
            patch.setattr(download, "ATTEMPTS", 1)
            server.failures = 1
            fetch(f"{server.url}/file", tmp_path / "a.txt")
        server.asked.clear()

    for version, goes_on in (("1", True), ("2", False)):
        begin()
        server.version = version
        fetch(f"{server.url}/file", tmp_path / "a.txt")
        assert [bool(span) for _, span in server.asked] == [goes_on]
    begin()
    fetch(f"{server.url}/file?another=address", tmp_path / "a.txt")
    assert [span for _, span in server.asked] == [None]
    assert names(tmp_path) == ["a.txt", "a.txt.sha256"]


def test_a_file_that_never_gets_further_is_given_up(server: Server, tmp_path: Path) -> None:
    server.failures, server.tag_is_sent = 99, False
    with pytest.raises(UserError, match="Check the network"):
        fetch(f"{server.url}/file", tmp_path / "a.txt")
    assert len(server.asked) == download.ATTEMPTS


def test_a_part_that_is_whole_already_is_kept(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.txt.part").write_bytes(DATA)
    fetch(f"{server.url}/file", tmp_path / "a.txt", sha256=SUM)
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("path", ["/busy", "/slow"])
def test_a_server_that_fails_for_a_while_is_asked_again(
    server: Server, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 2.0)
    server.failures = 2
    fetch(f"{server.url}{path}", tmp_path / "a.txt", sha256=SUM)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/missing", "the server answered 404 Not Found. Look up"),
        ("/quota", "downloaded too often lately. Try again in 24 hours"),
        ("/page", r"/page: a web page, not the file\. Open http"),
        ("/disguised", "a web page, not the file"),
        ("/busy", r"the server answered 503 Service Unavailable\)\. Check the network"),
    ],
)
def test_what_is_no_data_is_refused(server: Server, tmp_path: Path, path: str, message: str) -> None:
    server.failures = 99
    with pytest.raises(UserError, match=message) as error:
        fetch(f"{server.url}{path}", tmp_path / "a.txt")
    assert server.url in str(error.value)
    assert "--config mirror=DIR" in str(error.value)
    assert names(tmp_path) == []


def test_a_wrong_sum_names_both_sums_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"its sha256 is {SUM}, but {'0' * 64} is expected.*correct the"):
        fetch(f"{server.url}/file", tmp_path / "a.txt", sha256="0" * 64)
    assert names(tmp_path) == []


def test_a_file_that_changed_since_the_first_download_is_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.txt.sha256").write_text(f"{'1' * 64}  a.txt\n")
    with pytest.raises(UserError, match=r"is expected.*remove .*a\.txt\.sha256"):
        fetch(f"{server.url}/file", tmp_path / "a.txt")
    assert names(tmp_path) == ["a.txt.sha256"]


@pytest.mark.parametrize(
    "url",
    [
        DRIVE_ID,
        f"https://drive.google.com/file/d/{DRIVE_ID}/view?usp=sharing",
        f"https://drive.google.com/open?id={DRIVE_ID}",
        f"https://drive.google.com/uc?export=download&id={DRIVE_ID}&confirm=t",
    ],
)
def test_the_confirmation_page_of_google_drive_is_followed_and_the_part_resumed(
    server: Server, tmp_path: Path, url: str
) -> None:
    (tmp_path / "a.zip.part").write_bytes(DATA[:1000])
    fetch(url, tmp_path / "a.zip", sha256=SUM)
    assert server.asked == [
        (f"/uc?export=download&id={DRIVE_ID}", "bytes=1000-"),
        (f"/download?id={DRIVE_ID}&confirm=t&uuid=a%26b", "bytes=1000-"),
    ]


def test_other_addresses_are_left_as_they_are() -> None:
    for url in ("https://example.org/file/d/abc", "https://drive.google.com/drive/folders/1a2b"):
        assert google_drive.download_url(url) == url


@pytest.mark.parametrize(
    ("url", "message"),
    [("http://127.0.0.1:9/a", "Check the network"), ("gopher://a", "Correct"), ("http://a..b/c", "Correct")],
)
def test_no_network_is_one_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, message: str
) -> None:
    monkeypatch.setattr(download, "PAUSE", 0.001)
    with pytest.raises(UserError, match=f"^{url}: cannot be downloaded .*{message}"):
        fetch(url, tmp_path / "a.txt")
    assert names(tmp_path) == []


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(UserError, match=r"data/a\.txt: could not be written \((Not a dir|File exists)"):
        fetch("http://127.0.0.1:9/", tmp_path / "data" / "a.txt")


def test_a_mirror_may_lie_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert mirror_file({"mirror": "~/data"}, {"mirror": "set/a.txt"}) == Path("/home/me/data/set/a.txt")


def test_a_mirror_is_read_instead_of_the_network(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror.txt"
    mirror.write_bytes(DATA)
    mirror.chmod(0o400)
    fetch("http://127.0.0.1:9/", tmp_path / "out" / "a.txt", sha256=SUM, mirror_file=mirror)
    assert (tmp_path / "out" / "a.txt").read_bytes() == DATA
    assert (tmp_path / "out" / "a.txt").stat().st_mode & 0o200
    with pytest.raises(UserError, match=r"no\.txt: the mirror has no such file.*http://127.0.0.1:9/a"):
        fetch("http://127.0.0.1:9/a", tmp_path / "out" / "b.txt", mirror_file=tmp_path / "no.txt")
    assert names(tmp_path / "out") == ["a.txt"]


def zipped(path: Path, *members: tuple[str, bytes], kind: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = kind << 16
            packed.writestr(info, data, zipfile.ZIP_DEFLATED)
    return path


def tarred(path: Path, *members: tuple[str, bytes], kind: bytes = b"0", mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as packed:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, "/etc/passwd", len(data)
            packed.addfile(info, io.BytesIO(data))
    return path


PHOTOS = [
    ("top/a/1.jpg", b"one"),
    ("top/a/x/2.PNG", b"two"),
    ("top/b/3.jpg", b"three"),
    ("top/a/notes.txt", b"-"),
]
JUNK = ("__MACOSX/top/a/._1.jpg", b"resource fork")


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_photos_are_unpacked_flat_or_below_a_folder(pack, tmp_path: Path) -> None:
    packed = pack(tmp_path / "photos", *PHOTOS, ("top/again/1.jpg", b"one"), JUNK)
    assert unpack(packed, tmp_path / "flat") == names(tmp_path / "flat") == ["1.jpg", "2.PNG", "3.jpg"]
    assert unpack(packed, tmp_path / "below", "top/a") == names(tmp_path / "below") == ["1.jpg", "x/2.PNG"]
    assert (tmp_path / "below" / "x" / "2.PNG").read_bytes() == b"two"


def test_other_files_are_unpacked_by_their_endings(tmp_path: Path) -> None:
    packed = zipped(
        tmp_path / "all.zip", ("r/data/a b (1).xml", b"x"), ("r/data/x/p.jpg", b"p"), ("r/c.xml", b"")
    )
    assert unpack(packed, tmp_path / "out", "r/data", [".xml"]) == names(tmp_path / "out") == ["a b (1).xml"]


def cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


def described(path: Path, size: int) -> Path:
    """A tar whose one member has a description of more than ``size`` bytes."""
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as packed:
        info = tarfile.TarInfo("1.jpg")
        info.pax_headers = {"comment": "x" * size}
        packed.addfile(info)
    return path


def block(kind: bytes, data: bytes = b"") -> bytes:
    """A header of a tar and its data."""
    info = tarfile.TarInfo("1.jpg")
    info.type, info.size = kind, len(data)
    return info.tobuf() + data + bytes(-len(data) % 512)


def nested(path: Path, depth: int) -> Path:
    path.write_bytes(block(tarfile.XHDTYPE) * depth + block(b"0") + bytes(1024))
    return path


def resized(path: Path, size: str) -> Path:
    path.write_bytes(block(tarfile.XHDTYPE, pax("size", size)) + block(b"0") + bytes(1024))
    return path


def sparse(path: Path) -> Path:
    keys = pax("GNU.sparse.major", "1") + pax("GNU.sparse.minor", "0") + pax("GNU.sparse.realsize", "9000")
    path.write_bytes(block(tarfile.XHDTYPE, keys) + block(b"0", b"1\n0\n0\n".ljust(512, b"\0")) + bytes(1024))
    return path


def pax(key: str, value: str) -> bytes:
    rest = f" {key}={value}\n"
    return f"{len(rest) + len(str(len(rest) + 2))}{rest}".encode()


def padded(path: Path, zeros: int) -> Path:
    path.write_bytes(gzip.compress(block(b"0") + bytes(1024 + zeros)))
    return path


NOISE = hashlib.shake_256(b"photo").digest(3000)  # does not shrink
ATTACKS = {
    "zip climbs": (lambda p: zipped(p, ("../1.jpg", b"")), "'../1.jpg' lies outside its folder"),
    "tar climbs": (lambda p: tarred(p, ("a/../../1.jpg", b"")), "outside its folder"),
    "zip absolute": (lambda p: zipped(p, ("/tmp/1.jpg", b"")), "outside its folder"),
    "tar absolute": (lambda p: tarred(p, ("/tmp/1.jpg", b"")), "outside its folder"),
    "zip of another system": (lambda p: zipped(p, ("C:\\1.jpg", b"")), "outside its folder"),
    "zip climbs backwards": (lambda p: zipped(p, ("..\\1.jpg", b"")), "outside its folder"),
    "zip name with a line end": (lambda p: zipped(p, ("1\r.jpg", b"")), "is no file name"),
    "tar name with an escape": (lambda p: tarred(p, ("\x1b[2J.jpg", b"")), "is no file name"),
    "zip long name": (lambda p: zipped(p, ("x" * 252 + ".jpg", b"")), "a name of more than 255 bytes"),
    "tar long name": (lambda p: tarred(p, ("é" * 126 + ".jpg", b"")), "a name of more than 255 bytes"),
    "zip link": (lambda p: zipped(p, ("1.jpg", b"/etc/passwd"), kind=0o120777), "is a link or a device"),
    "tar link": (lambda p: tarred(p, ("1.jpg", b""), kind=tarfile.SYMTYPE), "is a link or a device"),
    "tar hard link": (lambda p: tarred(p, ("1.jpg", b""), kind=tarfile.LNKTYPE), "is a link or a device"),
    "tar device": (lambda p: tarred(p, ("1.jpg", b""), kind=tarfile.CHRTYPE), "is a link or a device"),
    "zip bomb": (lambda p: zipped(p, ("1.jpg", bytes(1 << 20))), "unpacks to more than"),
    "tar bomb": (lambda p: tarred(p, ("1.jpg", bytes(1 << 20))), "unpacks to more than"),
    "tar of a long description": (lambda p: described(p, archive.MAX_HEADER), "has a header of 1,0.* bytes"),
    "tar.gz of folders": (
        lambda p: tarred(p, *[(f"{n}", b"") for n in range(9)], kind=tarfile.DIRTYPE),
        "holds 8 files",
    ),
    "tar of many": (lambda p: tarred(p, *[(f"{n}", b"") for n in range(9)], mode="w:"), "holds 8 files"),
    "zip of many": (lambda p: zipped(p, *[(f"{n}", b"") for n in range(9)]), "holds 8 files"),
    "tar of headers of headers": (lambda p: nested(p, 3000), "damaged or cut short"),
    "tar of a negative size": (lambda p: resized(p, "-512"), "holds 0 files of -512 bytes"),
    "tar of a great size": (lambda p: resized(p, "9" * 30), "unpacks to more than"),
    "sparse tar": (lambda p: sparse(p), "is a link or a device"),
    "tar.gz of zeros after its end": (lambda p: padded(p, 1 << 20), "unpacks to more than"),
    "zip cut": (lambda p: cut(zipped(p, ("1.jpg", NOISE)), 2000), "damaged or cut short"),
    "tar.gz cut": (lambda p: cut(tarred(p, ("1.jpg", NOISE)), 2000), "damaged or cut short"),
    "tar cut in a file": (lambda p: cut(tarred(p, ("1.jpg", NOISE), mode="w:"), 2000), "damaged"),
    "tar cut after a file": (lambda p: cut(tarred(p, ("1.jpg", b""), mode="w:"), 512), "no end mark"),
    "no archive": (lambda p: p.write_text("hello" * 500) and p, "not a zip, tar or tar.gz file"),
    "empty": (lambda p: p.touch() or p, "not a zip, tar or tar.gz file"),
    "missing": (lambda p: p, "no such file"),
    "no photos": (lambda p: zipped(p, ("1.txt", b"")), "no photos in it"),
    "one name twice": (lambda p: zipped(p, ("a/1.jpg", b"x"), ("b/1.jpg", b"y")), "two different photos"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_bad_archive_is_refused_and_the_folder_kept(
    attack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "FREE_BYTES", 10_000)
    monkeypatch.setattr(archive, "MAX_MEMBERS", 8)
    make, message = ATTACKS[attack]
    packed = make(tmp_path / "bad.archive")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "old.jpg").touch()
    with pytest.raises(UserError, match=f"^{re.escape(str(packed))}: .*{message}"):
        unpack(packed, tmp_path / "images")
    assert names(tmp_path) == [*(["bad.archive"] if packed.exists() else []), "images/old.jpg"]
    assert not (tmp_path / ".images.part").exists()


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("names", [("a/1.jpg", "a/1.jpg/2.jpg"), ("a/1.jpg/2.jpg", "a/1.jpg")])
def test_a_name_is_not_a_file_and_a_folder(pack, names, tmp_path: Path) -> None:
    packed = pack(tmp_path / "photos", *((name, b"") for name in names))
    with pytest.raises(UserError, match="is a file and a folder"):
        unpack(packed, tmp_path / "images", "a")


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_damaged_photo_is_found_by_its_checksum(pack, tmp_path: Path) -> None:
    packed = pack(tmp_path / "photos", ("1.jpg", NOISE))
    data = bytearray(packed.read_bytes())
    data[1000] ^= 1
    packed.write_bytes(data)
    with pytest.raises(UserError, match="damaged or cut short"):
        unpack(packed, tmp_path / "images")


@pytest.mark.parametrize("pack", [zipped, partial(tarred, mode="w:"), tarred])
def test_no_changed_byte_ends_in_anything_but_a_message(pack, tmp_path: Path) -> None:
    sound = pack(tmp_path / "photos", ("1.jpg", b"one")).read_bytes()
    for place in range(0, min(len(sound), 600), 5):
        for byte in (0, 255):
            (tmp_path / "photos").write_bytes(sound[:place] + bytes([byte]) + sound[place + 1 :])
            with suppress(UserError):
                unpack(tmp_path / "photos", tmp_path / "images")


def test_a_wrong_inner_folder_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no photos below 'photos'.* lie in top/a, top/a/x, top/b: correct"):
        unpack(zipped(tmp_path / "a.zip", *PHOTOS), tmp_path / "images", "photos")


def test_a_file_in_the_way_of_the_images_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(
        UserError, match=r"data/images: could not be written \((Not a directory|File exists)\)"
    ):
        unpack(zipped(tmp_path / "a.zip", *PHOTOS), tmp_path / "data" / "images")


def test_every_split_and_context_of_the_registry_is_one_of_its_files() -> None:
    for name, entry in WITH_FILES.items():
        named = {name for context in context_files(entry).values() for name in context.files}
        for split in entry["splits"].values():
            named |= {split} if isinstance(split, str) else set(split)
        assert named <= set(entry["files"]), name
        mirrors = [file["mirror"] for file in entry["files"].values()]
        assert len(set(mirrors)) == len(mirrors), name


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared")
def test_the_sums_of_the_registry_are_those_of_the_files() -> None:
    known = [file for entry in WITH_FILES.values() for file in entry["files"].values() if "sha256" in file]
    for file in known:
        found = hashlib.sha256((SHARED / "data" / file["mirror"]).read_bytes()).hexdigest()
        assert found == file["sha256"], file["mirror"]
    assert len({file["mirror"] for file in known}) == 60
