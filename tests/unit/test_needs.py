"""Hours and disk that runs need, before anything is fetched or begun."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_grid import ROOT, load

from mnerflow.data.post import SPLITS
from mnerflow.plan.grid import expand
from mnerflow.plan.needs import needs_of

SHARED = ROOT.parent / "shared"
# 10 epochs of 7,000, 4,000, 3,373 and 4,188 posts, and of 5,000 where nobody has counted them.
THESIS = {"twitter10000_thesis": 7000, "twitter10000": 7000, "mner_mi": 5000, "twitter2015": 4000}
THESIS |= {"twitter2017": 3373, "poner_scans": 4188}


@pytest.fixture(autouse=True)
def without_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def thesis() -> dict[str, Any]:
    return load("config/thesis.yaml")


def test_the_thesis_s_grid_by_hand(thesis: dict[str, Any], tmp_path: Path) -> None:
    needs = needs_of(thesis, expand(thesis))
    assert len(needs.runs) == 690 and needs.guessed == ["mner_mi"]
    # BERT alone, and three fusions with each of two image encoders; five seeds.
    thousands = sum(THESIS.values()) * 10 / 1000
    assert needs.hours["bert"] == pytest.approx(7 * 5 * 0.05 * thousands)
    assert needs.gigabytes["bert"] == pytest.approx(6 * 7 * 5 * 1.34)
    posts = 10_000 + 7000 + 8257 + 4819 + 9308  # the thesis's T15 shows Twitter10000's images
    # Pixels, and twice as much of patch vectors.
    assert needs.gigabytes["images"] == pytest.approx(3 * posts * 224 * 224 * 3 / 1e9)
    there = tmp_path / "results/features/twitter10000/vit_base.npy"
    there.parent.mkdir(parents=True)
    there.touch()
    again = needs_of(thesis, expand(thesis))
    assert again.gigabytes["images"] == pytest.approx((3 * posts - 20_000) * 224 * 224 * 3 / 1e9)


@pytest.mark.parametrize(("keep", "bert"), [("all", 6 * 35 * 1.34), ("best", 6 * 1.34), ("none", 0)])
def test_weights_that_are_dropped_take_no_disk(keep: str, bert: float, thesis: dict[str, Any]) -> None:
    needs = needs_of(thesis | {"keep_weights": keep}, expand(thesis))
    assert needs.gigabytes["bert"] == pytest.approx(bert)


def test_it_says_what_does_not_fit(thesis: dict[str, Any]) -> None:
    needs = needs_of(thesis, expand(thesis))
    said = needs.sentences(free=100)
    assert said.startswith(
        "690 runs are to be trained: at most 8,310 hours of one core without a GPU (llama "
    )
    assert "about 338 GB of disk (bert 281, llama 36, " in said and "100 GB are free." in said
    assert "Posts of mner_mi are not counted yet: 5,000 are assumed." in said
    assert said.endswith("That does not fit: free some, or set `keep_weights` to best or none.")
    assert "does not fit" not in needs.sentences(free=1000)


def test_a_small_grid_is_begun_without_a_word() -> None:
    config = load()
    assert needs_of(config, expand(config)).sentences(free=0) == ""


def test_epochs_and_posts_count(thesis: dict[str, Any], tmp_path: Path) -> None:
    [run, *_] = [run for run in expand(thesis) if run.dataset == "twitter2017" and run.fusion == "text_only"]
    assert run.text_encoder == "bert"
    before = needs_of(thesis, [run]).hours["bert"]
    thesis["text_encoders"]["bert"]["training"]["epochs"] = 5
    assert needs_of(thesis, [run]).hours["bert"] == pytest.approx(before / 2)
    thesis["variants"]["half"] = {"train_fraction": 0.5}
    half = replace(run, variant="half")
    assert needs_of(thesis, [half]).hours["bert"] == pytest.approx(before / 4)
    for split in SPLITS:  # as prepared, fewer
        file = tmp_path / "results/data/twitter2017/none" / f"{split}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}\n" * 1000)
    assert needs_of(thesis, [run]).hours["bert"] == pytest.approx(5 * 0.05)


@pytest.mark.parametrize(
    ("name", "content"),
    [("train.jsonl", "{}\n" * 8), ("train.conll", "Ann B-PER\r\nsings O\r\n\r\n" * 8)],
)
def test_posts_of_one_s_own_are_counted_in_their_files(
    name: str, content: str, thesis: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content.encode())
    entry = {"format": "jsonl", "types": ["PER"], "splits": {"train": name}, "folder": str(tmp_path)}
    thesis["datasets"]["own"] = entry
    thesis["grid"] = [thesis["grid"][0] | {"datasets": ["own"], "fusions": ["text_only"], "seeds": [1]}]
    needs = needs_of(thesis, expand(thesis))
    assert needs.guessed == [] and needs.hours["bert"] == pytest.approx(8 * 10 * 0.05 / 1000)


@pytest.mark.skipif(not SHARED.exists(), reason="the data is not here")
@pytest.mark.parametrize("name", ["twitter2015", "twitter2017", "twitter10000"])
def test_the_registry_knows_how_many_posts_there_are(name: str) -> None:
    entry = load()["datasets"][name]
    for split, count in entry["posts"].items():
        text = (SHARED / "data" / name / entry["splits"][split]).read_text(encoding="utf-8")
        assert text.count("IMGID:") == count
