"""The record of a run for machines, and the archive that is made of it."""

import gzip
import io
import json
import re
import tarfile
from pathlib import Path

import pytest
import yaml
from records import write_record
from rocrate.rocrate import ROCrate

from mnerflow.cli import main
from mnerflow.errors import UserError
from mnerflow.files.checksums import sha256
from mnerflow.files.writing import write_text
from mnerflow.plan.names import Run
from mnerflow.publishing.archive import verify_archive, write_archive
from mnerflow.publishing.crate import copy_code, write_crate

RUNS = [Run("twitter", "none", "bilstm", "cnn", "linear", seed) for seed in (1, 2)]
CITATION = {"title": "mnerflow", "version": "1.2", "license": "MIT", "authors": [{"name": "A group"}]}
TWITTER = {"title": "Twitter", "licence": "ask the authors", "homepage": "https://example.org/twitter"}


def write(results: Path, shuffled: bool = False) -> None:
    order = -1 if shuffled else 1
    outputs = [results / "scores.csv", results / "tables/grid.csv"]
    write_crate(results, outputs[::order], RUNS[::order])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results of two runs, described."""
    results = tmp_path / "results"
    for name, text in {
        "config.yaml": yaml.safe_dump({"datasets": {"twitter": TWITTER}}),
        "scores.csv": "entity_f1\n0.5\n",
        "tables/grid.csv": "entity_f1\n0.5\n",
        "code/Snakefile": "rule all:\n",
        "code/CITATION.cff": yaml.safe_dump(CITATION),
        "code/envs/requirements.lock": "torch==2\n",
    }.items():
        write_text(results / name, text)
    for run in RUNS:
        folder = results / "runs" / run.path
        read = {"results/data/twitter/none/train.jsonl": 64 * "0"}
        write_record(folder, run, data_sha256=read, seconds=65.4)
        write_text(folder / "predictions.jsonl", '{"id": "ü"}\n' * 100)
        write_text(folder / "model.safetensors", "large")
    write(results)
    return results


def test_a_run_is_an_action_with_what_it_read_and_made(results: Path):
    crate = ROCrate(results)
    actions = {action.id: action for action in crate.root_dataset["mentions"]}
    run = actions["#twitter/none/bilstm%2Bcnn/linear/seed2"]
    assert (run["startTime"], run["endTime"]) == ("2026-01-02T03:02:59+00:00", "2026-01-02T03:04:05+00:00")
    assert run["instrument"]["softwareVersion"] == "1.2+abc"
    train, seed = run["object"]
    assert (train["name"], train["sha256"]) == ("results/data/twitter/none/train.jsonl", 64 * "0")
    assert (seed["name"], seed["value"]) == ("seed", 2)
    dataset = train["isPartOf"]
    assert (dataset["name"], dataset["url"]) == (TWITTER["title"], TWITTER["homepage"])
    assert dataset["license"]["description"] == TWITTER["licence"]
    assert {Path(file["name"]).name for file in run["result"]} == {"run.yaml", "predictions.jsonl"}


def test_the_same_results_are_recorded_alike(results: Path):
    def read() -> str:
        text = (results / "ro-crate-metadata.json").read_text(encoding="utf-8")
        return re.sub(r'(endTime|datePublished)": "20[\d:T+-]+"', r'\1": "?"', text)

    first = read()
    write(results, shuffled=True)
    assert read() == first


def test_an_unfinished_record_of_a_run_is_named(results: Path):
    write_text(results / "runs" / RUNS[0].path / "run.yaml", "seconds: 1\n")
    with pytest.raises(
        UserError, match=r"seed1/run\.yaml: no record of a run \(dataset: Field required\).*mnerflow migrate"
    ):
        write(results)


def test_of_a_checkout_only_our_own_files_are_copied(tmp_path: Path):
    for name in (
        "Snakefile",
        "src/mnerflow/a.py",
        "src/mnerflow/__pycache__/a.pyc",
        "mydata/post.jsonl",
        ".env",
    ):
        write_text(tmp_path / "checkout" / name, "x")
    copy_code(tmp_path / "checkout", tmp_path / "code")
    copied = {
        str(file.relative_to(tmp_path / "code")) for file in (tmp_path / "code").rglob("*") if file.is_file()
    }
    assert copied == {"Snakefile", "src/mnerflow/a.py"}


# The archive.


def repacked(archive: Path, change) -> Path:
    """The archive with its members, as ``(name, content)``, changed."""
    with tarfile.open(archive) as tar:
        members = [(member.name, tar.extractfile(member).read()) for member in tar]
    changed = archive.with_name("changed.tar.gz")
    with tarfile.open(changed, "w:gz") as tar:
        for name, content in change(members):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return changed


def test_an_archive_holds_what_is_small_and_is_what_it_lists(results: Path, capsys: pytest.CaptureFixture):
    archive = write_archive(results)
    assert re.fullmatch(r"mnerflow-([0-9a-f]{40}(-dirty)?|unknown)\.tar\.gz", archive.name)
    first = sha256(archive)
    assert sha256(write_archive(results)) == first
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    assert names >= {"SHA256SUMS", "ro-crate-metadata.json", "config.yaml", "code/envs/requirements.lock"}
    assert f"runs/{RUNS[0].path}/predictions.jsonl" in names
    assert not any(name.endswith("model.safetensors") for name in names)
    assert main(["verify", str(archive)]) == 0
    assert f"{len(names) - 1} files, all what it lists; sha256 {first}" in capsys.readouterr().out


def test_what_was_changed_is_missing_or_came_in_is_named(results: Path, capsys: pytest.CaptureFixture):
    def change(members):
        top = members[0][0].partition("/")[0]
        for name, content in members:
            if name.endswith("scores.csv"):
                content = content.replace(b"0.5", b"0.9")
            if not name.endswith("grid.csv"):
                yield name, content
        yield f"{top}/extra.txt", b""

    assert main(["verify", str(repacked(write_archive(results), change))]) == 1
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "extra.txt: not listed in SHA256SUMS",
        "scores.csv: changed",
        "tables/grid.csv: missing",
    ]
    assert "3 files are not what it lists" in said.out


def test_every_flipped_byte_is_noticed(results: Path):
    archive = write_archive(results)
    sound = archive.read_bytes()
    # Behind the ten bytes of the header: time and system in it are no content.
    for place in [*range(10, len(sound), len(sound) // 40), *range(len(sound) - 8, len(sound))]:
        archive.write_bytes(sound[:place] + bytes([sound[place] ^ 0xFF]) + sound[place + 1 :])
        try:
            assert verify_archive(archive)[1], place
        except UserError as error:
            assert str(archive) in str(error)
    archive.write_bytes(sound[: len(sound) // 2])
    with pytest.raises(UserError, match="damaged, it cannot be read to its end"):
        verify_archive(archive)


@pytest.mark.parametrize(
    "name", ["{top}/../evil", "/etc/evil", "{top}//etc/evil", "other/evil", "{top}", ".", "{top}/a\\..\\evil"]
)
def test_paths_that_lead_out_are_refused(name: str, results: Path):
    def change(members):
        return [*members, (name.format(top=members[0][0].partition("/")[0]), b"x")]

    with pytest.raises(UserError, match=r"no plain file in the folder.*Do not unpack"):
        verify_archive(repacked(write_archive(results), change))


def test_links_and_what_is_no_archive_of_ours_are_refused(tmp_path: Path):
    archive = tmp_path / "links.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        link = tarfile.TarInfo("mnerflow/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(UserError, match="no plain file"):
        verify_archive(archive)
    with tarfile.open(archive, "w:gz"):
        pass
    with pytest.raises(UserError, match="has no SHA256SUMS"):
        verify_archive(archive)
    with tarfile.open(archive, "w:gz") as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo("mnerflow/SHA256SUMS"))
    with pytest.raises(UserError, match="holds 'SHA256SUMS' twice"):
        verify_archive(archive)
    archive.write_bytes(b"PK")
    with pytest.raises(UserError, match="damaged"):
        verify_archive(archive)
    with pytest.raises(UserError, match="no such file"):
        verify_archive(tmp_path / "none.tar.gz")


def test_a_bomb_is_refused_before_it_is_unpacked(results: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mnerflow.publishing.archive.FREE_BYTES", 1 << 20)
    bomb = repacked(
        write_archive(results), lambda members: [*members, (f"{members[0][0]}.x", bytes(1 << 22))]
    )
    with pytest.raises(UserError, match="as only a bomb does"):
        verify_archive(bomb)
    sound = write_archive(results)
    with gzip.open(bomb, "wb") as file, gzip.open(sound) as packed:
        file.write(packed.read() + bytes(1 << 22))
    with pytest.raises(UserError, match="as only a bomb does"):
        verify_archive(bomb)
    with tarfile.open(bomb, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("mnerflow/a")
        member.pax_headers = {"comment": "x" * (1 << 21)}
        tar.addfile(member)
    with pytest.raises(UserError, match="as only a bomb does"):
        verify_archive(bomb)
    monkeypatch.setattr("mnerflow.publishing.archive.FREE_BYTES", 10)  # less than its checksums
    with pytest.raises(UserError, match="unpacks to more than 10 bytes, as only a bomb does"):
        verify_archive(write_archive(results))


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../outside", "C:/x", "..\\outside"])
def test_a_record_that_names_files_elsewhere_packs_none(name: str, results: Path):
    (results.parent / "outside").write_text("secret", encoding="utf-8")
    crate = results / "ro-crate-metadata.json"
    crate.write_text(
        crate.read_text(encoding="utf-8").replace('"scores.csv"', json.dumps(name)), encoding="utf-8"
    )
    with pytest.raises(UserError, match="lies outside its folder"):
        write_archive(results)
    assert not list(results.glob("*.tar.gz"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"@graph": 5}',
        '{"@graph": []}',
        '{"@graph": [{}]}',
        '{"@graph": [{"@type": "File"}]}',
        "[" * 9999,
    ],
)
def test_a_damaged_record_of_results_is_named(text: str, results: Path):
    (results / "ro-crate-metadata.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"ro-crate-metadata\.json: "):
        write_archive(results)


def test_nothing_is_packed_that_is_not_as_it_was_recorded(results: Path):
    write_text(results / "scores.csv", "entity_f1\n0.9\n")
    with pytest.raises(UserError, match=r"scores\.csv: missing or changed.*Make it with `snakemake FILE`"):
        write_archive(results)
    (results / "ro-crate-metadata.json").unlink()
    with pytest.raises(UserError, match="Run the workflow to its end first"):
        write_archive(results)
