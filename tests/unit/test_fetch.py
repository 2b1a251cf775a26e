"""Fetching weights: the same files from everywhere, pickles from nowhere, and where they came from."""

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import huggingface_hub
import pytest
import yaml
from records import ABOUT
from tiny_run import RUN

from mnerflow.config import PartConfig
from mnerflow.data.post import Post, write_posts
from mnerflow.errors import UserError
from mnerflow.files.checksums import sha256
from mnerflow.models.weights import ORIGIN, fetch_weights, model_files
from mnerflow.training.run import train_run

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = COMMIT[::-1]
NEEDED = ["config.json", "model.safetensors", "tokenizer.json", "vocab.txt"]
LEFT = [
    "README.md",
    "pytorch_model.bin",
    "tf_model.h5",
    "flax_model.msgpack",
    "model.Q4_K.gguf",
    "model.onnx",
]
BELOW = ["onnx/config.json", "onnx/model.safetensors"]
SOURCES = {
    "hub": "org/name",
    "mirror": "org/name",
    "path": "path:{}",
    "package": "package:tiny==1.0/tiny/model",
}


def fill(folder: Path, names: list[str]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@dataclass
class Places:
    """Sources that hold the same files, one a kind."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch

    def fetch(self, kind: str, names: list[str], revision: str | None = None) -> Path:
        """Fetch a source of some kind that holds files of these names."""
        target, mirror = self.folder / "weights" / kind, None
        source = SOURCES[kind].format(self.folder / "own")
        if kind == "hub":
            self.serve(names)
        elif kind == "mirror":
            mirror = self.folder / "mirror"
            fill(mirror / "org/name", names)
        elif kind == "path":
            fill(self.folder / "own", names)
        else:
            self.pack(names)
        fetch_weights(source, target, revision, mirror=mirror)
        return target

    def serve(self, names: list[str]) -> None:
        def model_info(api: object, repository: str, revision: str | None) -> huggingface_hub.ModelInfo:
            siblings = [{"rfilename": name} for name in names]
            return huggingface_hub.ModelInfo(id=repository, sha=COMMIT, siblings=siblings)

        def snapshot_download(
            repository: str, revision: str, local_dir: Path, allow_patterns: list[str]
        ) -> None:
            assert (repository, revision) == ("org/name", COMMIT)
            fill(local_dir, [name for name in names if any(fnmatch(name, one) for one in allow_patterns)])

        self.monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
        self.monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)

    def pack(self, names: list[str]) -> None:
        index = self.folder / "index"
        index.mkdir(exist_ok=True)
        with zipfile.ZipFile(index / "tiny-1.0-py3-none-any.whl", "w") as wheel:
            for name in names:
                wheel.writestr(f"tiny/model/{name}", name)
            wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
            wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            wheel.writestr("tiny-1.0.dist-info/RECORD", "")
        for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(index), "CONFIG_FILE": os.devnull}.items():
            self.monkeypatch.setenv(f"PIP_{name}", value)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    return Places(tmp_path, monkeypatch)


def origin(folder: Path) -> dict:
    return json.loads((folder / ORIGIN).read_text())


@pytest.mark.parametrize("kind", SOURCES)
def test_the_same_files_come_from_everywhere(kind: str, places: Places) -> None:
    folder = places.fetch(kind, NEEDED + LEFT + BELOW)
    assert sorted(file.name for file in folder.iterdir()) == [ORIGIN, *NEEDED]
    assert all((folder / name).read_text() == name for name in NEEDED)
    assert origin(folder)["source"] == SOURCES[kind].format(places.folder / "own")


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("pickles", [["pytorch_model.bin"], ["tf_model.h5", "pytorch_model-1-of-2.bin"], []])
def test_weights_that_are_only_pickles_are_refused_before_they_are_fetched(
    pickles: list[str], kind: str, places: Places
) -> None:
    found = ", ".join(sorted(pickles)) or "other files"
    with pytest.raises(
        UserError, match=rf"no weights as safetensors or GGUF, only {found}\. .* path:DIR"
    ) as error:
        places.fetch(kind, ["config.json", "vocab.txt", *pickles])
    assert str(error.value).startswith(SOURCES[kind].format(places.folder / "own"))
    assert not list((places.folder / "weights").glob("*"))


def test_files_that_tokenizers_are_made_of_are_taken() -> None:
    for names in (["vocab.txt", "bpe.codes"], ["spm.model"], ["sentencepiece.bpe.model"], ["source.spm"]):
        assert model_files([*names, "model.safetensors", ".gitattributes"]) == sorted(
            [*names, "model.safetensors"]
        )


def test_the_hubs_commit_is_noted(places: Places) -> None:
    assert origin(places.fetch("hub", NEEDED, "main")) == {
        "source": "org/name",
        "revision": "main",
        "commit": COMMIT,
    }


def as_downloaded(mirror: Path, commit: str) -> None:
    """Notes that the hub's client leaves in a folder that it downloads into."""
    for name in NEEDED:
        note = mirror / f".cache/huggingface/download/{name}.metadata"
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{commit}\netag\n0.0\n")


def as_cached(mirror: Path, commit: str) -> None:
    """A link into the cache of the hub's client."""
    snapshot = mirror.parent / "models--org--name/snapshots" / commit
    snapshot.parent.mkdir(parents=True)
    mirror.rename(snapshot)
    mirror.symlink_to(snapshot)


@pytest.mark.parametrize("told", [as_downloaded, as_cached])
def test_a_mirror_of_another_commit_is_refused(told: Callable, places: Places) -> None:
    told(fill(places.folder / "mirror/org/name", NEEDED), COMMIT)
    for revision in (None, "main", COMMIT, COMMIT[:7]):
        about = origin(places.fetch("mirror", NEEDED, revision))
        assert (about["commit"], about["from"]) == (COMMIT, "weights mirror")
        assert about.get("revision") == revision
    with pytest.raises(
        UserError, match=f"has files of commit {COMMIT}, but the encoder's `revision` is {OTHER}"
    ):
        places.fetch("mirror", NEEDED, OTHER)


def test_a_mirror_that_tells_no_commit_is_noted_without_one(places: Places) -> None:
    about = origin(places.fetch("mirror", NEEDED, COMMIT))
    assert about == {"source": "org/name", "revision": COMMIT, "from": "weights mirror"}


def test_a_runs_record_tells_where_its_weights_are_from(tiny_bert: Path, tmp_path: Path) -> None:
    fetch_weights(f"path:{tiny_bert}", tmp_path / "weights", "main")
    encoder = PartConfig("transformer", weights=str(tmp_path / "weights"))
    run = replace(RUN, text_encoder=encoder, image_encoder=None, fusion=PartConfig("text_only"))
    write_posts(tmp_path / "posts.jsonl", [Post("1", ["Ann", "sings"], ["B-PER", "O"])])
    train_run(run, tmp_path / "posts.jsonl", tmp_path / "posts.jsonl", None, tmp_path / "run", ABOUT)
    record = yaml.safe_load((tmp_path / "run/run.yaml").read_text())
    weights = str(tmp_path / "weights")
    assert record["weights_from"] == {weights: {"source": f"path:{tiny_bert}", "revision": "main"}}
    assert record["weights_sha256"][f"{weights}/model.safetensors"] == sha256(tiny_bert / "model.safetensors")
    assert f"{weights}/{ORIGIN}" not in record["weights_sha256"]
