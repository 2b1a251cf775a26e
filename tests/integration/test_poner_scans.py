"""PONER as multimodal data: planned from its archive or a mirror, and prepared from the mirror."""

from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from snakemake_process import Workflow

from mnerflow.data.post import read_splits

MIRROR = ROOT.parent / "shared/data"
CONFIG = yaml.safe_load((ROOT / "config/poner.yaml").read_text(encoding="utf-8"))


def test_without_a_mirror_one_archive_serves_both_splits(workflow: Workflow, tmp_path: Path):
    jobs = workflow.plan(tmp_path, CONFIG).jobs
    assert (jobs["fetch_poner"], jobs["make_poner"]) == (1, 2)
    assert jobs["train"] == 2 * 3 * 3
    assert jobs["image_store"] == 1, "crops are decoded once, however sentences are split"


def test_a_mirror_without_poner_is_a_clear_error(workflow: Workflow, tmp_path: Path):
    target = "results/data/poner_scans/none/train.jsonl"
    result = workflow.run(tmp_path, CONFIG | {"mirror": str(tmp_path)}, target)
    assert result.status != 0 and f"mnerflow: {tmp_path}/poner" in result.output
    assert not (tmp_path / "resources/data/poner_scans/train.jsonl").exists()


@pytest.mark.skipif(not MIRROR.exists(), reason="no ../shared")
def test_sentences_have_the_crops_of_their_lines(workflow: Workflow, tmp_path: Path):
    report = "results/test/reports/data/poner_scans_by_page.md"
    config = CONFIG | {"mirror": str(MIRROR), "image_encoders": {"cnn": {"size": 16, "augment": False}}}
    result = workflow.run(tmp_path, config, report)
    assert result.status == 0, result.output
    splits = read_splits(tmp_path / "results/data/poner_scans_by_page/none")
    assert {split: len(posts) for split, posts in splits.items()} == {"train": 4190, "dev": 473, "test": 4645}
    assert sum(not post.images for posts in splits.values() for post in posts) == 395
    groups = [{post.group for post in posts} for posts in splits.values()]
    assert sum(map(len, groups)) == len(set().union(*groups)), "a page stands in two splits"
    text = (tmp_path / report).read_text(encoding="utf-8")
    assert "397 of 400 pages in several splits" in text and "Unusable: 0 (0.0 %)" in text
    assert (tmp_path / "results/test/reports/data/poner_scans_by_page.crops.png").stat().st_size > 100_000
    assert (tmp_path / "resources/poner/conll").resolve() == (MIRROR / "poner/conll").resolve()  # not copied
    assert workflow.run(tmp_path, config | {"mirror": None}, report, "-n").jobs == {}, "the same files"
