"""The energy meter, on a folder and a module that stand in for a processor's and a GPU's counters."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mnerflow.training import energy
from mnerflow.training.energy import EnergyMeter
from mnerflow.training.meter import Meter

CPU = torch.device("cpu")


def zone(powercap: Path, number: str, name: str, microjoules: int) -> Path:
    """A RAPL zone that starts anew after 1 kJ; returns its counter."""
    folder = powercap / f"intel-rapl:{number}"
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "max_energy_range_uj").write_text("1000000000\n")
    counter = folder / "energy_uj"
    counter.write_text(f"{microjoules}\n")
    return counter


def test_packages_and_memory_are_counted_through_a_counter_that_starts_anew(tmp_path: Path):
    package = zone(tmp_path, "0", "package-0", 900_000_000)
    cores = zone(tmp_path, "0:0", "core", 0)
    memory = zone(tmp_path, "0:1", "dram", 0)
    everything = zone(tmp_path, "1", "psys", 0)
    meter = EnergyMeter(CPU, tmp_path)
    package.write_text("80000000\n")  # 180 J
    memory.write_text("36000000\n")  # 36 J
    cores.write_text("100000000\n")
    everything.write_text("500000000\n")
    assert meter.watt_hours() == {"processor": pytest.approx(216 / 3600)}


def test_a_long_run_is_read_in_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(energy, "PAUSE_SECONDS", 0.001)
    package = zone(tmp_path, "0", "package-0", 0)
    read: list[int] = []
    values = iter([0, 600_000_000, 200_000_000, 800_000_000])
    monkeypatch.setattr(
        energy, "_number", lambda file: 10**9 if file != package else read.append(1) or next(values, 10**9)
    )
    meter = EnergyMeter(CPU, tmp_path)
    while len(read) < 5:
        pass
    assert meter.watt_hours() == {"processor": pytest.approx(2000 / 3600, abs=1e-4)}


def test_a_counter_that_may_not_be_read_tells_nothing(tmp_path: Path):
    zone(tmp_path, "0", "package-0", 0).unlink()
    assert EnergyMeter(CPU, tmp_path).watt_hours() is None
    assert EnergyMeter(CPU, tmp_path / "none").watt_hours() is None


def test_a_counter_that_fails_later_tells_nothing_and_stops_no_training(tmp_path: Path):
    package = zone(tmp_path, "0", "package-0", 0)
    meter = EnergyMeter(CPU, tmp_path)
    package.unlink()
    assert meter.watt_hours() is None


def test_the_gpu_that_trains_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    millijoules = {"GPU-a": iter([5_000, 3_605_000])}
    nvml = SimpleNamespace(
        NVMLError=RuntimeError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByUUID=millijoules.__getitem__,
        nvmlDeviceGetTotalEnergyConsumption=next,
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="a"))
    assert EnergyMeter(torch.device("cuda"), tmp_path).watt_hours() == {"gpu": 1.0}
    assert EnergyMeter(CPU, tmp_path).watt_hours() is None
    nvml.nvmlInit = lambda: (_ for _ in ()).throw(RuntimeError("no driver"))
    assert EnergyMeter(torch.device("cuda"), tmp_path).watt_hours() is None


def test_a_killed_training_is_counted_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(EnergyMeter, "watt_hours", lambda self: {"processor": 0.5})
    meter = Meter(CPU)
    meter.go_on({"seconds": 100.0, "energy_wh": {"processor": 2.0}})
    assert meter.spent() == {"seconds": pytest.approx(100, abs=5), "energy_wh": {"processor": 2.5}}
    meter.go_on({"seconds": 100.0, "energy_wh": None})  # on a machine that told nothing
    assert meter.spent()["energy_wh"] is None
