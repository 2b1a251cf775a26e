"""What a person is told of trained runs, and of what a machine lacks."""

from pathlib import Path

import pytest
from records import write_record

from mnerflow import __version__, doctor
from mnerflow.cli import main
from mnerflow.errors import UserError
from mnerflow.files.json_text import write_json
from mnerflow.files.writing import write_text
from mnerflow.plan.names import Run

OWN = """\
datasets:
  mine:
    folder: {folder}
    format: jsonl
    types: [PER]
    splits: {{train: train.jsonl}}
grid:
  - {{datasets: [twitter2017], text_encoders: [minilm], fusions: [text_only], seeds: [1]}}
"""


def test_trained_runs(tmp_path: Path, capsys: pytest.CaptureFixture):
    tmp_path /= 30 * "deep-"
    runs = [Run("demo", "none", "bilstm", "none", "text_only", seed) for seed in (1, 2, 3, 4)]
    folders = [tmp_path / "runs" / run.path for run in runs]
    for run, folder in zip(runs, folders, strict=True):
        write_record(folder, run, best_epoch=2, images=None)
        write_text(folder / "history.csv", "epoch,dev_entity_f1\n1,0.1\n2,0.5\n3,0.9\n")
    write_text(folders[0] / "model.safetensors", "1" * 2_000_000)
    write_json(folders[0] / "scores.json", {"test": {"true": {"entity_f1": 0.25}}})
    write_text(folders[1] / "weights_dropped.txt", "")
    write_text(folders[2] / "run.yaml", "seed: 1")
    write_text(folders[3] / "history.csv", "damaged")
    assert main(["runs", str(tmp_path)]) == 0
    said = capsys.readouterr()
    rows = [line.split() for line in said.out.splitlines() if line.startswith("/")]
    assert [row[:3] + row[-2:] for row in rows] == [
        [str(folders[0]), "50.00", "25.00", "2026-01-02", "kept"],
        [str(folders[1]), "50.00", "–", "2026-01-02", "dropped"],
    ]
    assert "2.0 MB" in said.out and str(folders[2]) in said.err
    assert (
        f"{folders[3] / 'history.csv'}: no entity_f1 on dev of epoch 2. Delete the run's folder" in said.err
    )
    assert main(["runs", "runs"]) == 1


@pytest.mark.parametrize("reached", [True, False])
def test_what_is_missing(
    reached: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_TOKEN", "hf_do_not_show_this")
    monkeypatch.setattr(doctor, "_reached", lambda host: "" if reached else "not reachable")
    (tmp_path / "mine.yaml").write_text(OWN.format(folder=tmp_path / "mine"), encoding="utf-8")
    assert main(["doctor", "--configfile", "mine.yaml"]) == int(not reached)
    out = capsys.readouterr().out
    assert "study mine reads: 1 run," in out and f"mnerflow {__version__}" in out
    assert "set: HF_TOKEN" in out and "hf_do" not in out
    for name in ("weights of minilm", "twitter2017: train.txt"):
        assert f"{name:<40} {'missing, the workflow fetches it' if reached else 'MISSING'}: " in out
    assert ("`--config mirror=DIR`" in out) is not reached
    write_text(tmp_path / "mirror/twitter2017/train.txt", "")
    assert main(["doctor", "--configfile", "mine.yaml", "--config", f"mirror={tmp_path / 'mirror'}"]) == 1
    out = capsys.readouterr().out
    assert f"{'twitter2017: train.txt':<40} present" in out
    assert f"{tmp_path / 'mirror/twitter2017/test.txt'}: put it there; it comes from https://raw" in out


NEEDED = """\
asked_contexts:
  knows: {base_url: "http://localhost/v1", model: m, reads: [text]}
datasets:
  demo: {without: [twitter2015], contexts: {knowledge: {asked: knows}}}
  twitter2015: {without: [twitter10000]}
text_encoders:
  mpnet: {kind: transformer, source: sentence-transformers/all-mpnet-base-v2}
variants:
  begun: {init_from: {dataset: twitter2017, variant: base}}
grid:
  - {datasets: [demo], text_encoders: [minilm], fusions: [text_only], variants: [begun], seeds: [1]}
  - {datasets: [demo], text_encoders: [mpnet], fusions: [text_only], seeds: [1]}
"""


def test_what_is_needed_is_what_the_workflow_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "_reached", lambda host: "")
    monkeypatch.setattr("mnerflow.plan.plan.is_published", lambda folder, run, config: "mpnet" in run.path)
    (tmp_path / "mine.yaml").write_text(NEEDED, encoding="utf-8")
    settings = ["max_cost=5", "finished_only=false", "published=p", "mirror=mirror", "images={broken: fail}"]
    assert main(["doctor", "--configfile", "mine.yaml", "--config", *settings]) == 1
    out = capsys.readouterr().out
    assert (
        "reads: 2 runs, 1 published" in out and "weights of minilm" in out and "weights of mpnet" not in out
    )
    for name in ("twitter2017", "twitter2015", "twitter10000"):
        assert f"  {name}: train.txt".ljust(42) + " MISSING: mirror/" in out
    assert "  demo: knows.jsonl".ljust(42) + " MISSING: a language model" in out
    assert "demo/contexts/knows.jsonl: `snakemake -s contexts.smk` asks for it" in out
    assert main(["doctor", "--config", "max_cost"]) == 1
    assert "--config max_cost: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        '{\n\t"training": {"learning_rate": {"text": 1e-3}}\n}',
        "__use_yte__: true\ntraining:\n  learning_rate:\n    text: ?10**-3",
    ],
)
def test_a_file_is_read_as_snakemake_reads_it(text: str, tmp_path: Path):
    (tmp_path / "mine.yaml").write_text(text)
    assert doctor.configured([tmp_path / "mine.yaml"], [])["training"]["learning_rate"]["text"] == 1e-3
    (tmp_path / "mine.yaml").write_text("- training")
    with pytest.raises(UserError, match=r"mine\.yaml: no configuration \(.* keys at top level"):
        doctor.configured([tmp_path / "mine.yaml"], [])


@pytest.mark.parametrize("address", ["1PpvvncnQkgDNeBMKVgG2zFYuRhbL873g", "https://drive.google.com/uc?id=1"])
def test_a_file_of_google_drive_comes_from_its_host(address: str, tmp_path: Path):
    assert (
        doctor._fetched({}, "photos", tmp_path / "no.zip", {"url": address}).host
        == "https://drive.google.com"
    )


@pytest.mark.parametrize("host", ["http://[a", "http://a..b"])
def test_a_misspelt_host_is_not_reachable(host: str, tmp_path: Path):
    need = doctor._fetched({}, "photos", tmp_path / "no.zip", {"url": f"{host}/a.zip"})
    assert (need.host, doctor._reached(host)[:15]) == (host, "not reachable (")


def test_version(capsys: pytest.CaptureFixture):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0 and capsys.readouterr().out == f"mnerflow {__version__}\n"
