"""Energy that a run uses, as counted by the processor and the GPU themselves."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import torch

from mnerflow.log import logger

POWERCAP = Path("/sys/class/powercap")
# A processor's counter wraps around after some minutes of full load and must be read more often than that.
PAUSE_SECONDS = 30.0


class EnergyMeter:
    """Counts energy in a background thread from its creation on, with the counters that the machine exposes.

    The processor's counters are RAPL's (packages and memory). The GPU's is NVML's, read if Python's
    ``pynvml`` is installed. They count the whole device, including anything else that runs on it meanwhile.
    """

    def __init__(self, device: torch.device, powercap: Path = POWERCAP) -> None:
        self._counters = [*_rapl(powercap), *_nvml(device)]
        if self._counters:
            threading.Thread(target=self._watch, daemon=True).start()

    def watt_hours(self) -> dict[str, float] | None:
        """Watt hours since the start by device, ``processor`` and ``gpu``; ``None`` if no device counts."""
        return {device: round(joule / 3600, 4) for device, joule in self._joules().items()} or None

    def _watch(self) -> None:
        while self._counters:
            time.sleep(PAUSE_SECONDS)
            self._joules()

    def _joules(self) -> dict[str, float]:
        joules: dict[str, float] = {}
        try:
            for counter in self._counters:
                joules[counter.device] = joules.get(counter.device, 0.0) + counter.read()
        except Exception as error:  # The meter must not stop a training or report a part as the sum.
            logger.warning("The energy counters cannot be read any more: %s", error)
            self._counters, joules = [], {}
        return joules


class _Counter:
    """Adds up the increments of a growing counter.

    Args:
        device: ``processor`` or ``gpu``.
        now: function that reads the counter.
        unit: joules per step of the counter.
        limit: largest value of the counter, after which it starts at zero; ``None`` for one that never does.

    If the counter cannot be read at first, raises what ``now`` raises.
    """

    def __init__(self, device: str, now: Callable[[], int], unit: float, limit: int | None = None) -> None:
        self.device, self._now, self._unit, self._limit = device, now, unit, limit
        self._last, self._steps = now(), 0
        self._lock = threading.Lock()

    def read(self) -> float:
        """Joules since the start."""
        with self._lock:
            value = self._now()
            gained = value - self._last
            self._steps += gained + (self._limit or 0) if gained < 0 else gained
            self._last = value
            return self._steps * self._unit


def _rapl(powercap: Path) -> Iterator[_Counter]:
    # A package's zone includes its cores and graphics, but not its memory. The zone `psys` includes all.
    for zone in sorted(powercap.glob("intel-rapl:*")):
        try:
            name = (zone / "name").read_text(encoding="ascii").strip()
            if name.startswith("package") or name == "dram":
                limit = _number(zone / "max_energy_range_uj")
                yield _Counter("processor", partial(_number, zone / "energy_uj"), 1e-6, limit)
        except (OSError, ValueError):  # Most systems let only root read it.
            continue


def _nvml(device: torch.device) -> Iterator[_Counter]:
    if device.type != "cuda":
        return
    try:
        nvml = import_module("pynvml")
    except ImportError:
        return
    try:
        nvml.nvmlInit()
        gpu = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
        yield _Counter("gpu", lambda: nvml.nvmlDeviceGetTotalEnergyConsumption(gpu), 1e-3)
    except nvml.NVMLError:
        return


def _number(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))
