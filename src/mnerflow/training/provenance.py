"""Provenance of a training run: versions, hardware, data, code."""

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from mnerflow.compute.device import autocast_dtype
from mnerflow.record import Hardware
from mnerflow.record.origin import PACKAGES, origin


def provenance(device: torch.device, modules: Iterable[str], data: Iterable[Path]) -> dict[str, Any]:
    """Describe this process, its code and its input files, as fields of a ``TrainingRecord``."""
    return {
        **origin(modules, PACKAGES, data),
        "hardware": Hardware(
            machine=platform.machine(),
            processor=_processor(),
            cores=os.cpu_count() or 1,
            gpu=torch.cuda.get_device_name() if device.type == "cuda" else None,
        ),
        "precision": str(autocast_dtype(device)).removeprefix("torch."),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n")
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
