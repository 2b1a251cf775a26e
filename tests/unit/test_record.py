"""Records of runs: read as written, older ones brought up to date, unlike ones told apart."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest import MonkeyPatch
from records import VALUES, record_of, write_record

from mnerflow.cli import main
from mnerflow.config import RunConfig, build
from mnerflow.errors import UserError
from mnerflow.files.checksums import sha256
from mnerflow.files.writing import write_text
from mnerflow.plan.names import Run
from mnerflow.publishing import migrate as migration
from mnerflow.publishing.checksums import SUMS, check_sums, sums_below, sums_text
from mnerflow.publishing.migrate import migrate
from mnerflow.publishing.packed import pack
from mnerflow.record import RECORD, Record, TrainingRecord

RUN = Run("demo", "none", "bilstm", "cnn", "linear", 1)
MODULES = {"mnerflow.training.run": "1", "mnerflow.models.fusions.linear": "2"}


def record(**values: object) -> TrainingRecord:
    return TrainingRecord.model_validate(record_of(RUN, **values))


def code(commit: str | None = "abc", dirty: bool = False, **modules: str) -> dict:
    return {"commit": commit, "dirty": dirty, "modules": modules}


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = record(code=code(dirty=True, a="1"), energy_wh={"gpu": 1.5}, posts_left_out=["ü"])
    written.write(tmp_path / "run.yaml")
    assert TrainingRecord.read(tmp_path / "run.yaml", "") == written
    assert Record.read(tmp_path / "run.yaml", "").code == written.code


@pytest.mark.parametrize("name", [*VALUES, "dataset"])
@pytest.mark.parametrize("value", [None, [None], "text"])
def test_a_value_of_another_type_is_named(name: str, value: object, tmp_path: Path) -> None:
    file = write_record(tmp_path, RUN, **{name: value})
    try:
        TrainingRecord.read(file, "Train it again.")
    except UserError as error:
        assert str(error).startswith(f"{file}: no record of a run (") and "Train it again." in str(error)
        assert name in str(error)
    else:
        assert value == "text" and isinstance(record_of(RUN)[name], str)


def test_a_run_that_saw_images_says_how_they_were_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="images is missing, but the run saw images"):
        TrainingRecord.read(write_record(tmp_path, RUN, images=None), "Train it again.")
    TrainingRecord.read(write_record(tmp_path, replace(RUN, image_encoder="none"), images=None), "")


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        (code(**MODULES), code(**MODULES | {"mnerflow.models.fusions.gated": "3"}), []),
        # Each has a fusion of its own: only what both used is compared.
        (code(a="1", b="2"), code(a="1", c="3"), []),
        (code(a="1", b="2"), code(a="1", b="3"), ["code"]),
        (code("abc", a="1"), code("def", dirty=True, a="1"), []),
        # Of older runs, only the commit is known.
        (code("abc"), code("abc"), []),
        (code("abc"), code("def"), ["code"]),
        (code("abc", dirty=True), code("abc", dirty=True), ["code"]),
        (code(None), code(None), ["code"]),
        (code("abc"), code("abc", a="1"), []),
    ],
)
def test_runs_of_other_code_are_told_apart(one: dict, other: dict, different: list[str]) -> None:
    assert record(code=one).unlike(record(code=other)) == different


def test_runs_of_other_devices_and_versions_are_told_apart() -> None:
    gpu = VALUES["hardware"] | {"gpu": "H100"}
    faster = VALUES["hardware"] | {"processor": "Xeon", "cores": 8}
    newer = VALUES["versions"] | {"torch": "2.15"}
    released = VALUES["versions"] | {"mnerflow": "1.3"}
    assert record().unlike(record(hardware=gpu)) == ["device"]
    assert record().unlike(record(versions=newer)) == ["versions"]
    assert record().unlike(record(hardware=faster, versions=released)) == []


def old_record(name: str = "caption_crf", **config: object) -> dict:
    """A record as it was before there were fingerprints, variants and decoders with options."""
    rates = {"text": 2e-4, "image": 5e-4, "fusion": 2e-3, "decoder": 2e-3}
    learnt = {"epochs": 3, "learning_rate": rates, "class_weights": 0.0, "focal": 0.0}
    settings = {"entity_types": ["PER"], "seed": 1, "fusion": {"kind": "text_only"}, "init_from": None}
    settings |= {"captions": "caption" in name, "decoder": "crf", "training": learnt} | config
    record = record_of(RUN, image="none", images=None, fusion=name, git_commit="abc-dirty", config=settings)
    del record["code"], record["variant"]
    return record


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("text_crf", "crf"),
        ("caption_crf", "crf_caption"),
        ("pretrained_2017", "pretrained_2017"),
        ("mine", "mine"),
    ],
)
def test_a_name_that_was_no_fusion_is_a_variant(name: str, variant: str, tmp_path: Path) -> None:
    run = replace(RUN, image_encoder="none", fusion=name)
    start = "results/runs/other/none/bilstm+none/text_crf/seed1/model.safetensors"
    old = old_record(name, init_from=start) | {"weights_sha256": {start: "0" * 64, "w": "1" * 64}}
    write_text(tmp_path / "runs" / run.path / "run.yaml", yaml.safe_dump(old))
    assert main(["migrate", str(tmp_path)]) == 0
    [file] = (tmp_path / "runs").rglob("run.yaml")
    record = TrainingRecord.read(file, "")
    assert (record.fusion, record.variant) == ("text_only", variant)
    assert Run.from_folder(file.parent) == replace(run, fusion="text_only", variant=variant)
    renamed = "results/runs/other/none/bilstm+none/text_only+crf/seed1/model.safetensors"
    assert record.config["init_from"] == renamed
    assert record.weights_sha256 == {renamed: "0" * 64, "w": "1" * 64}
    assert build(RunConfig, record.config, "run").contexts == (("caption",) if "caption" in name else ())
    write_text(tmp_path / "runs" / run.path / "run.yaml", yaml.safe_dump(old))
    assert main(["migrate", str(tmp_path)]) == 1, "two runs for one place"


def test_a_head_learnt_at_the_rate_of_its_fusion_and_is_weighed_by_its_decoder(tmp_path: Path) -> None:
    rates = {"text": 2e-4, "image": 5e-4, "fusion": 5e-4, "decoder": 2e-3}
    learnt = {"learning_rate": rates, "class_weights": 0.5, "focal": 2.0}
    file = tmp_path / "runs" / replace(RUN, image_encoder="none", fusion="text_only").path / "run.yaml"
    write_text(file, yaml.safe_dump(old_record("text_only", decoder="softmax", training=learnt)))
    assert main(["migrate", str(tmp_path)]) == 0
    run = build(RunConfig, TrainingRecord.read(file, "").config, "run")
    assert (run.decoder.kind, run.decoder.options) == ("softmax", {"class_weights": 0.5, "focal": 2.0})
    assert run.training.learning_rate.decoder == run.training.learning_rate.fusion == 5e-4


def test_two_rates_of_what_is_one_decoder_cannot_be_said(tmp_path: Path, capsys) -> None:
    rates = {"fusion": 5e-4, "decoder": 2e-3}
    file = tmp_path / "runs" / RUN.path / "run.yaml"
    write_text(file, yaml.safe_dump(old_record(training={"learning_rate": rates})))
    before = file.read_bytes()
    assert main(["migrate", str(tmp_path)]) == 1 and file.read_bytes() == before
    assert f"{file}: a CRF's head and transitions learnt at two rates" in capsys.readouterr().err


def test_older_records_are_brought_up_to_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = old_record("linear", fusion={"kind": "linear"}) | {"image": "cnn", "images": VALUES["images"]}
    file, newer = (tmp_path / "runs" / replace(RUN, seed=seed).path / "run.yaml" for seed in (1, 2))
    write_text(file, yaml.safe_dump(old))
    write_record(newer.parent, replace(RUN, seed=2))
    for name in ("test.shuffled", "dev", "test"):
        write_text(file.with_name(f"predictions.{name}.jsonl"), f'{{"id": "of {name}"}}\n')
    sums = sums_below(tmp_path, tmp_path)
    write_text(tmp_path / SUMS, sums_text(sums))
    with pytest.raises(UserError, match="mnerflow migrate"):
        TrainingRecord.read(file, "Train it again.")
    assert main(["migrate", str(tmp_path)]) == 0
    assert "1 of 2 runs brought up to date" in capsys.readouterr().out
    read = TrainingRecord.read(file, "")
    assert (read.code.commit, read.code.dirty, read.code.modules) == ("abc", True, {})
    assert sha256(file) in (tmp_path / SUMS).read_text(encoding="utf-8")
    assert file.with_name("predictions.jsonl").read_text(encoding="utf-8").splitlines() == [
        '{"split": "dev", "condition": "true", "id": "of dev"}',
        '{"split": "test", "condition": "true", "id": "of test"}',
        '{"split": "test", "condition": "image.shuffled", "id": "of test.shuffled"}',
    ]
    assert len([*file.parent.glob("predictions.*")]) == 1
    check_sums(tmp_path, tmp_path / "runs")
    once = file.read_bytes()
    assert main(["migrate", str(tmp_path)]) == 0 and file.read_bytes() == once
    for changed in ("changed: true", once.decode() + "changed: true\n"):
        file.write_text(changed, encoding="utf-8")
        assert main(["migrate", str(tmp_path)]) == 1
        assert "It changed since SHA256SUMS was written: fetch it again." in capsys.readouterr().err


@pytest.mark.parametrize("steps", range(17))
def test_a_migration_that_is_killed_goes_on(steps: int, tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    """Killed before any of its writes and moves, and begun again, it ends as one that was not."""
    ends = []
    for folder, killed in (tmp_path / "whole", False), (tmp_path / "killed", True):
        for seed in (1, 2):
            run = replace(RUN, image_encoder="none", fusion="caption_crf", seed=seed)
            write_text(folder / "runs" / run.path / RECORD, yaml.safe_dump(old_record() | {"seed": seed}))
            for name in ("dev", "test"):
                packed = pack(f'{{"id":"{name}"}}\n'.encode())
                (folder / "runs" / run.path / f"predictions.{name}.jsonl.xz").write_bytes(packed)
        write_text(folder / SUMS, sums_text(sums_below(folder, folder)))
        if killed:
            left = iter(range(steps))
            with monkeypatch.context() as patch:
                writes = ((migration, name) for name in ("write_text", "atomic_path"))
                for place, name in (*writes, (Path, "unlink"), (migration.shutil, "move")):
                    patch.setattr(place, name, _dies(left, getattr(place, name)))
                with suppress(KeyboardInterrupt):
                    migrate(folder)
        migrate(folder)
        check_sums(folder, folder / "runs")
        ends.append(sums_below(folder, folder))
    assert ends[0] == ends[1] and len(ends[0]) == 4
    assert any("text_only+crf_caption/seed2/predictions.jsonl.xz" in name for name in ends[0])


def test_predictions_that_are_not_what_was_published_are_not_merged(tmp_path: Path) -> None:
    file = write_record(tmp_path / "runs" / RUN.path, RUN)
    old = file.with_name("predictions.test.jsonl")
    write_text(old, '{"id": "1"}\n')
    write_text(tmp_path / SUMS, sums_text(sums_below(tmp_path, tmp_path)))
    write_text(old, '{"id": "2"}\n')
    with pytest.raises(UserError, match=r"predictions\.test\.jsonl: not what SHA256SUMS lists"):
        migrate(tmp_path)
    assert old.exists()


def _dies(left: Iterator[int], call: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any, **options: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return call(*arguments, **options)

    return called
