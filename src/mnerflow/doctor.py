"""``mnerflow doctor``: what a configuration needs, and what of it this machine and this folder have."""

import os
import platform
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnerflow import __version__
from mnerflow.code.fingerprint import PACKAGE
from mnerflow.config.configuration import as_in_a_file, check
from mnerflow.config.keys import check_keys
from mnerflow.data.google_drive import download_url
from mnerflow.data.sources import mirror_file
from mnerflow.errors import UserError, quantity
from mnerflow.files.paths import expanded, inside
from mnerflow.plan import layout
from mnerflow.plan.names import NONE
from mnerflow.plan.own_data import resolve
from mnerflow.plan.plan import Plan
from mnerflow.plan.settings import images_of, merge
from mnerflow.plan.study import study_name
from mnerflow.record.origin import PACKAGES, versions
from mnerflow.secrets import hide

ROOT = PACKAGE.parents[1]
DEFAULTS = (ROOT / "config/datasets.yaml", ROOT / "config.yaml")  # the later overrides the earlier
HUB, INDEX = "https://huggingface.co", "https://pypi.org"
PATIENCE = 5  # timeout of a host, in seconds
LITTLE = 10  # free disk space in GB, below which the report advises
UNREACHABLE = (
    "{} is not reachable. Mend the network or the proxy; or save what it has into a folder, and read that "
    "with `--config mirror=DIR` or, of weights, `--config weights_mirror=DIR`."
)


@dataclass(frozen=True)
class Need:
    """Something that the workflow reads, with its path, its source, and the host that provides it.

    Without a host, only the user can put it there; ``remedy`` says how.
    """

    name: str
    path: Path
    source: str
    host: str = ""
    remedy: str = ""


def configured(files: Sequence[Path], settings: Sequence[str]) -> dict[str, Any]:
    """The configuration as the workflow reads it: ``files`` override its own, ``settings`` override both.

    ``settings`` are ``KEY=VALUE``, as given to Snakemake. Raises ``UserError`` for a configuration that the
    workflow would refuse, and if there is no workflow.
    """
    if not DEFAULTS[-1].exists():
        raise UserError(
            "this mnerflow is the library alone, without the workflow. Call the one in the environment of a "
            "checkout, which `make run` makes."
        )
    config: dict[str, Any] = {}
    for file in (*DEFAULTS, *files):
        check_keys(file)
        config = merge(config, _read(file))
    given = _parsed(settings)
    config = as_in_a_file(merge(config, given), given)
    check(config)
    config["name"] = study_name(config.get("name"), files)
    resolve(config["datasets"])
    return config


def _read(file: Path) -> dict[str, Any]:
    from snakemake.common.configfile import load_configfile  # it also reads JSON and templates of YTE

    try:
        return dict(load_configfile(file))  # type: ignore[no-untyped-call]
    except Exception as error:  # errors of Snakemake, YAML, YTE or a template
        raise UserError(f"{file}: no configuration ({error}). Correct the file.") from error


def _parsed(settings: Sequence[str]) -> dict[str, Any]:
    from snakemake.cli import parse_config  # takes a second, and the library alone does without it

    try:
        return dict(parse_config(settings))  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise UserError(f"--config {' '.join(settings)}: {error} Write KEY=VALUE.") from error


def examined(files: Sequence[Path], settings: Sequence[str]) -> tuple[list[str], bool]:
    """A report as lines of text, and whether something is missing that the workflow cannot fetch itself."""
    config = configured(files, settings)
    lines = [*_machine()]
    plan = Plan(config, ROOT / "config/prompt.md")
    needs = [*_weights(config, plan), *_data(config, plan)]
    reachable = {host: _reached(host) for host in dict.fromkeys(need.host for need in needs if need.host)}
    lines += ["", "network"]
    lines += [f"  {host:<40} {said or 'reachable'}" for host, said in reachable.items()]
    if not reachable:
        lines.append("  not needed")
    if secret := [name for name in ("HF_TOKEN", "OPENAI_API_KEY") if os.environ.get(name)]:
        lines.append(f"  set: {', '.join(secret)}")
    lines += [
        "",
        f"what study {config['name']} reads: {quantity(len(plan.runs), 'run')}, "
        f"{len(plan.published):,} published",
    ]
    remedies = []
    for need in needs:
        if need.path.exists():
            said = "present"
        elif need.host and not reachable[need.host]:
            said = f"missing, the workflow fetches it: {need.source}"
        else:
            said = f"MISSING: {need.source}"
            remedies.append(need.remedy or UNREACHABLE.format(need.host))
        lines.append(f"  {need.name:<40} {said}")
    if remedies:
        lines += ["", "Something is missing that the workflow cannot get itself:"]
        lines += [f"  {remedy}" for remedy in dict.fromkeys(remedies)]
    else:
        lines += ["", "All that is needed is here, or the workflow gets it itself."]
    return [hide(line) for line in lines], bool(remedies)


def _machine() -> Iterator[str]:
    import torch

    from mnerflow.compute.device import autocast_dtype, device

    here = shutil.disk_usage(".")
    yield f"mnerflow {__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield f"  {', '.join(f'{name} {value}' for name, value in versions((*PACKAGES, 'snakemake')).items())}"
    yield ""
    place = device()
    yield f"processor: {quantity(os.cpu_count() or 1, 'core')}, {_memory():.0f} GB of memory"
    for number in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(number)
        yield f"GPU {number}: {about.name}, {about.total_memory / 1e9:.0f} GB"
    if place.type == "cpu":
        yield "no GPU that PyTorch can use: models of a hundred million weights take hours a run"
    fast = autocast_dtype(place) is torch.bfloat16
    precision = "bfloat16" if fast else "float32, since it does not multiply bfloat16"
    yield f"computes on: {place.type}, in {precision}"
    yield f"disk: {here.free / 1e9:,.0f} GB free of {here.total / 1e9:,.0f}"
    if here.free < LITTLE * 1e9:
        yield f"  less than {LITTLE} GB: free some, or set keep_weights to best or none"


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _weights(config: dict[str, Any], plan: Plan) -> Iterator[Need]:
    names = {name for run in plan.trained for name in (run.text_encoder, run.image_encoder)} - {NONE}
    for name in sorted(names & plan.pretrained.keys()):
        source, path = plan.pretrained[name]["source"], Path(layout.weights(name))
        what = f"weights of {name}"
        if source.startswith("path:"):
            folder = expanded(source.removeprefix("path:"))
            yield Need(
                what,
                folder,
                source,
                remedy=f"{folder}: put the model there, or correct the source of {name}.",
            )
        elif source.startswith("package:"):
            yield Need(what, path, source, INDEX)
        else:
            mirrored = config.get("weights_mirror") and inside(
                expanded(config["weights_mirror"]), "/".join(source.split("/")[:2])
            )
            if mirrored and mirrored.is_dir():
                yield Need(what, path if path.exists() else mirrored, source)
            else:
                yield Need(what, path, source, HUB)


def _data(config: dict[str, Any], plan: Plan) -> Iterator[Need]:
    for name in plan.prepared:
        entry = config["datasets"][name]
        asked = [layout.asked_context(name, context) for context in plan.data.asked_contexts(name)]
        ask = "`snakemake -s contexts.smk` asks for it, with the same configuration."
        theirs = plan.data.raw_files(name) if "folder" in entry else []
        for file in dict.fromkeys([*theirs, *asked]):
            source, how = ("a language model", ask) if file in asked else (entry["folder"], "put it there.")
            yield Need(f"{name}: {Path(file).name}", Path(file), source, remedy=f"{file}: {how}")
        for file, about in entry.get("files", {}).items():
            yield _fetched(config, f"{name}: {file}", Path(layout.raw(name), file), about)
    readers = {*plan.runs, *plan.trained}
    shown = {images_of(config, run.dataset) for run in readers if run.image_encoder != NONE}
    for name in sorted(shown):
        entry = config["datasets"][name]
        if "images" in entry:
            archive = Path(layout.archive(plan.data.archive_of(name)))
            folder = Path(plan.data.image_folder(name))
            there = folder if folder.exists() else archive
            yield _fetched(config, f"{name}: images", there, entry["images"])
    if any("poner" in config["datasets"][name] for name in plan.prepared):
        about = config["datasets"][plan.data.poner[0]]["poner"]
        yield _fetched(config, "poner", Path("resources/poner"), about)


def _fetched(config: dict[str, Any], name: str, path: Path, about: dict[str, Any]) -> Need:
    mirrored = mirror_file(config, about)
    if mirrored and not path.exists():
        return Need(
            name, mirrored, str(mirrored), remedy=f"{mirrored}: put it there; it comes from {about['url']}."
        )
    host = "/".join(download_url(about["url"]).split("/")[:3])
    return Need(name, path, about["url"], host)


def _reached(host: str) -> str:
    """An empty string if a host answers, otherwise the reason why it does not."""
    import requests

    try:
        requests.head(host, timeout=PATIENCE, allow_redirects=False)
    except (requests.RequestException, ValueError) as error:  # as in download
        return f"not reachable ({type(error).__name__})"
    return ""
