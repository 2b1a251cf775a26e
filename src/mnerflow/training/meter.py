"""What a training takes, in one go or in several where it was killed in between."""

import time
from typing import Any

import torch

from mnerflow.training.energy import EnergyMeter


class Meter:
    """Counts seconds and watt hours from its creation on, and what was spent before."""

    def __init__(self, device: torch.device) -> None:
        self._start, self._energy = time.monotonic(), EnergyMeter(device)
        self._before: dict[str, Any] | None = None

    def go_on(self, before: dict[str, Any]) -> None:
        """Count on from what the ``spent`` of a killed job said."""
        self._before = before

    def spent(self) -> dict[str, Any]:
        """``seconds``, and ``energy_wh`` by device: nothing unless the same devices told it all the time."""
        seconds, energy = time.monotonic() - self._start, self._energy.watt_hours()
        if self._before:
            seconds += self._before["seconds"]
            before = self._before["energy_wh"] or {}
            if energy is not None:
                same = energy.keys() == before.keys()
                energy = {name: round(energy[name] + before[name], 4) for name in before} if same else None
        return {"seconds": round(seconds, 1), "energy_wh": energy}
