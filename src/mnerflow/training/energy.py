"""What a run draws from the wall, as far as processor and GPU count it themselves."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path

import torch

from mnerflow.log import logger

POWERCAP = Path("/sys/class/powercap")
# A processor's counter starts anew after some minutes of full load; it must be read more often than that.
PAUSE_SECONDS = 30.0


class EnergyMeter:
    """Counts from its creation on, in a thread of its own, with what counters this machine lets us read.

    The processor's are RAPL's (packages and memory), the GPU's is NVML's, read where Python's ``pynvml`` is
    installed. They count the device as a whole: what else ran on it meanwhile is in the sum.
    """

    def __init__(self, device: torch.device, powercap: Path = POWERCAP) -> None:
        self._counters = [*_rapl(powercap), *_nvml(device)]
        if self._counters:
            threading.Thread(target=self._watch, daemon=True).start()

    def watt_hours(self) -> dict[str, float] | None:
        """Those since the start by device, ``processor`` and ``gpu``; nothing where neither tells."""
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
        except Exception as error:  # A training must not fail by its meter, nor a part be taken for the sum.
            logger.warning("The energy counters cannot be read any more: %s", error)
            self._counters, joules = [], {}
        return joules


class _Counter:
    """Adds up what a growing counter gains; raises what ``now`` raises when it cannot be read at first.

    Args:
        device: ``processor`` or ``gpu``.
        now: reads the counter.
        unit: joules a step of it.
        limit: the counter's largest value, after which it starts at zero; nothing for one that never does.
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
    # A package's zone holds its cores and graphics, but not its memory; the zone `psys` holds all.
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
