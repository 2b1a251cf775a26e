"""Records of runs, for tests that read them."""

from pathlib import Path
from typing import Any

import yaml

from mnerflow.plan.names import Run

VALUES: dict[str, Any] = {
    "config": {"decoder": {"kind": "softmax"}},
    "code": {"commit": "abc", "modules": {"mnerflow.training.run": "1"}},
    "versions": {"mnerflow": "1.2", "torch": "2.14"},
    "data_sha256": {},
    "finished": "2026-01-02T03:04:05+00:00",
    "seconds": 10,
    "sources": {},
    "images": {"fit": "letterbox", "broken": "blank"},
    "hardware": {"machine": "x86_64", "processor": "EPYC", "cores": 2, "gpu": None},
    "precision": "float32",
    "training_posts": 100,
    "parameters_trained": 1_500_000,
    "epochs_run": 4,
    "best_epoch": 2,
    "peak_memory_mib": 900,
}


# What the workflow tells a training about its run.
NAMES = Run("demo", "none", "bilstm", "cnn", "linear", 1).names
ABOUT: dict[str, Any] = NAMES | {"sources": {}, "images": VALUES["images"]}


def record_of(run: Run, **values: Any) -> dict[str, Any]:
    """The record of a trained run, with ``values`` in place of the defaults."""
    return run.names | VALUES | values


def write_record(folder: Path, run: Run, **values: Any) -> Path:
    """Write such a record into ``folder`` as ``run.yaml``; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "run.yaml"
    file.write_text(yaml.safe_dump(record_of(run, **values)), encoding="utf-8")
    return file
