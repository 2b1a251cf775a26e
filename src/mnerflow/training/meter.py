"""Time and energy of a training, over all jobs if some were killed in between."""

import time
from typing import Any

import torch

from mnerflow.training.energy import EnergyMeter


class Meter:
    """Counts seconds and watt hours from its creation on, and adds what earlier jobs spent."""

    def __init__(self, device: torch.device) -> None:
        self._start, self._energy = time.monotonic(), EnergyMeter(device)
        self._before: dict[str, Any] | None = None

    def go_on(self, before: dict[str, Any]) -> None:
        """Continue from the ``spent`` of a killed job."""
        self._before = before

    def spent(self) -> dict[str, Any]:
        """``seconds``, and ``energy_wh`` by device; ``None`` unless all jobs counted the same devices."""
        seconds, energy = time.monotonic() - self._start, self._energy.watt_hours()
        if self._before:
            seconds += self._before["seconds"]
            before = self._before["energy_wh"] or {}
            if energy is not None:
                same = energy.keys() == before.keys()
                energy = {name: round(energy[name] + before[name], 4) for name in before} if same else None
        return {"seconds": round(seconds, 1), "energy_wh": energy}
