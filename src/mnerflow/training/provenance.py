"""What a run rests on: versions, hardware, data, code."""

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from mnerflow import __version__
from mnerflow.files import sha256
from mnerflow.training.device import autocast_dtype

PACKAGES = ("torch", "transformers", "timm", "tokenizers", "numpy")


def provenance(device: torch.device, data: Iterable[Path]) -> dict[str, Any]:
    """Describe this process and its input files as plain values for ``run.yaml``."""
    return {
        "versions": {
            "mnerflow": __version__,
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
        "hardware": {
            "machine": platform.machine(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "gpu": torch.cuda.get_device_name() if device.type == "cuda" else None,
        },
        "precision": str(autocast_dtype(device)).removeprefix("torch."),
        "git_commit": git_commit(),
        "data_sha256": {str(path): sha256(path) for path in data},
    }


def git_commit() -> str | None:
    """Commit of the checkout that this code runs from, ``-dirty`` appended when files differ from it."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() or None
    except (OSError, subprocess.CalledProcessError):
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n")
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
