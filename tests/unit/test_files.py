"""What is written whole or not at all, and who is charged with memory."""

import csv
import errno
import io
import os
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from mnerflow.compute import memory
from mnerflow.compute.memory import peak_memory_mib
from mnerflow.errors import UserError
from mnerflow.files.checksums import folder_state, seal, seal_of, sealed
from mnerflow.files.csv_text import csv_rows, csv_text
from mnerflow.files.paths import files_below, inside
from mnerflow.files.writing import atomic_folder, atomic_path, write_text, writing


def test_what_killed_writers_left_is_removed_and_what_living_ones_write_is_not(tmp_path):
    (tmp_path / ".a.txt.part-killed.txt").touch()
    (tmp_path / ".other.txt.part-killed.txt").touch()
    with atomic_path(tmp_path / "a.txt") as slow:
        slow.write_text("slow")
        write_text(tmp_path / "a.txt", "fast")
        assert slow.exists()
    assert {file.name for file in tmp_path.iterdir()} == {"a.txt", ".other.txt.part-killed.txt"}
    assert (tmp_path / "a.txt").read_text() == "slow"


def test_files_in_linked_folders_are_seen_once_and_their_changes_noticed(tmp_path):
    (tmp_path / "disk/deep").mkdir(parents=True)
    (tmp_path / "disk/deep/a.png").write_text("a")
    (tmp_path / "images").mkdir()
    for name, target in {"photos": "../disk", "twice": "../disk", "circle": "."}.items():
        (tmp_path / "images" / name).symlink_to(target)
    assert files_below(tmp_path / "images") == [tmp_path / "images/photos/deep/a.png"]
    before = folder_state(tmp_path / "images")
    (tmp_path / "disk/deep/a.png").write_text("another")
    assert folder_state(tmp_path / "images") != before


@pytest.mark.parametrize("linked", [False, True], ids=["itself", "through a link"])
def test_what_is_written_keeps_its_kind(tmp_path, linked):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("old")
    for name in ("pipe", "file", "new"):
        place = tmp_path / name
        if linked:
            place = tmp_path / "links" / name
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(tmp_path / name)
        with ThreadPoolExecutor(1) as pool:
            read = pool.submit((tmp_path / "pipe").read_text) if name == "pipe" else None
            write_text(place, "new")
            assert (read.result(10) if read else (tmp_path / name).read_text()) == "new"
        assert place.is_symlink() == linked
    assert (tmp_path / "pipe").is_fifo()
    assert {file.name for file in tmp_path.iterdir()} - {"links"} == {"pipe", "file", "new"}


def test_threads_may_write_the_same_file(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: write_text(tmp_path / "a.txt", f"{n}"), range(200)))
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("size", [0, 1, 2**20, 3 * 2**20 + 7])
def test_a_seal_holds_until_a_byte_is_another(tmp_path, size):
    file = tmp_path / "sealed"
    file.write_bytes(bytes(size))
    assert not sealed(file)
    seal(file)
    assert sealed(file) and file.read_bytes()[:size] == bytes(size)
    assert seal_of(file) == sha256(bytes(size)).digest()
    data = file.read_bytes()
    for damaged in (data[:-1], data + b"0", data[:-1] + bytes([data[-1] ^ 1])):
        file.write_bytes(damaged)
        assert not sealed(file)


def test_a_job_is_not_charged_with_the_memory_of_what_started_it():
    ballast = bytearray(2**28)
    assert peak_memory_mib() >= 256
    code = "from mnerflow.compute.memory import peak_memory_mib; print(peak_memory_mib())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(child.stdout) < 128
    del ballast


def test_a_kernel_that_does_not_state_the_peak_ends_no_job(tmp_path, monkeypatch):
    (tmp_path / "status").write_text("Name:\tpython\nVmRSS:\t  4 kB\n")
    monkeypatch.setattr(memory, "Path", lambda _: tmp_path / "status")
    assert peak_memory_mib() == resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


OUTSIDE = [
    "../x",
    "a/../../x",
    "a/..",
    "..",
    "/x",
    "//host/x",
    "\\x",
    "C:x",
    "c:/x",
    "a\\..\\..\\x",
    "\\\\host\\x\\y",
]
NO_NAME = ["", ".", "./.", "a\0", "a\nb", "a\rb", "\x1b[2J", "a\x85", "a\ud800"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_of_its_folder_is_refused(name, tmp_path):
    with pytest.raises(UserError, match="lies outside its folder"):
        inside(tmp_path, name)


@pytest.mark.parametrize("name", NO_NAME)
def test_a_name_that_is_none_is_refused(name, tmp_path):
    with pytest.raises(UserError, match="is no file name"):
        inside(tmp_path, name)


@pytest.mark.parametrize(
    "name", ["a", "a b/c (1).jpg", "..a", "a..", "-x", "{x}", "é", "e\u0301", "%2e%2e/x", "~/x"]
)
def test_any_other_name_is_a_path_in_its_folder(name, tmp_path):
    assert inside(tmp_path, name) == tmp_path / name


CELLS = ["", "a", "a,b", 'a"b', "a\nb", "a\rb", "'", "'a", "\x00", "é", "1", "-1", "-1.5e-3", "+inf", "nan"]
COMPUTED = [
    "=1+1",
    "@SUM(A1)",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "\t=1",
    "\r=1",
    "\n=1",
    "-",
    "'=1",
    "''-",
    "\uff1d1",
    "=1,2\r3",
]


def test_no_cell_of_a_table_is_computed_and_every_cell_is_read_as_it_was():
    text = csv_text(["cell", "number"], [[cell, -1.5] for cell in (*CELLS, *COMPUTED)])
    assert [row[0] for row in csv_rows(text)] == ["cell", *CELLS, *COMPUTED]
    written = [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert written == [*CELLS, *(f"'{cell}" for cell in COMPUTED)]
    assert text.endswith(",-1.5\n") and text.startswith("cell,number\n,-1.5\na,-1.5\n")


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_space_is_asked_for_where_it_lacks_and_memory_where_that_does(number: int):
    with pytest.raises(UserError) as refused, writing("out"):
        raise OSError(number, os.strerror(number), "photo.jpg")
    said = str(refused.value)
    assert said.startswith(f"out: could not be written ({os.strerror(number)}). ")
    known = {errno.ENOSPC: "space", errno.EDQUOT: "space", errno.ENOMEM: "memory", errno.EROFS: "folder"}
    known |= {errno.EACCES: "folder", errno.ENAMETOOLONG: "'photo.jpg'", errno.ENOTDIR: "in its place"}
    known |= {errno.EMFILE: "ulimit", errno.ENOENT: "photo.jpg is no longer there"}
    assert known.get(number, "") in said
    assert ("Free some space." in said) == (number in (errno.ENOSPC, errno.EDQUOT))


def test_a_name_that_is_too_long_is_named(tmp_path):
    name = "a" * 300
    with (
        pytest.raises(UserError, match=f"photos: .* too long.*'{name}'"),
        atomic_folder(tmp_path / "photos") as new,
    ):
        (new / name).touch()
    assert list(tmp_path.iterdir()) == []


def test_a_copy_of_many_files_says_what_stopped_it_once(tmp_path):
    for number in range(50):
        (tmp_path / "code" / f"{number}").mkdir(parents=True)
        (tmp_path / "code" / f"{number}" / "a.py").touch()

    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), target)

    with pytest.raises(UserError) as refused, atomic_folder(tmp_path / "copy") as new:
        shutil.copytree(tmp_path / "code", new, copy_function=full, dirs_exist_ok=True)
    assert "No space left on device" in str(refused.value) and len(str(refused.value)) < 400
