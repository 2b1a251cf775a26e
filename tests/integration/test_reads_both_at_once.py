"""A vision-language model from a folder, planned, trained and read with altered images."""

import json
from pathlib import Path
from typing import Any

from snakemake_process import Workflow
from tiny_vision_language import save_qwen2_vl

from mnerflow.evaluation.scores import read_scores
from mnerflow.plan.names import Combination


def test_a_vision_language_model_and_itself_without_images(
    workflow: Workflow, config: dict[str, Any], tmp_path: Path
) -> None:
    save_qwen2_vl(tmp_path / "model")
    entry = {"kind": "vision_language_model", "source": f"path:{tmp_path / 'model'}", "size": 16}
    config["vision_language_encoders"] = {"tiny": entry}
    block = {"datasets": ["demo"], "vision_language_encoders": ["tiny"], "seeds": [1]}
    block["fusions"] = ["text_only", "joint"]
    config["grid"] = [block]
    folder = tmp_path / "work"
    joint = "results/runs/demo/none/tiny+tiny/joint/seed1"
    targets = ("results/test/scores.csv", "results/test/tables/does_it_help.csv")
    done = workflow.run(folder, config, "--", *targets)
    assert done.status == 0, done.output
    rows = read_scores(folder / targets[0])
    assert {Combination.of(row).model for row in rows} == {"tiny text_only", "tiny joint"}
    lines = [json.loads(line) for line in (folder / joint / "predictions.jsonl").read_text().splitlines()]
    sides = [
        [line["confidence"] for line in lines if (line["split"], line["condition"]) == ("test", condition)]
        for condition in ("true", "image.shuffled")
    ]
    assert len(sides[0]) == len(sides[1]) and sides[0] != sides[1]
    assert not workflow.plan(folder, config).trained
    config["vision_language_encoders"]["tiny"]["size"] = 32  # which the run without images never saw
    assert workflow.plan(folder, config).trained == {"demo/none/tiny+tiny/joint/seed1"}
