"""A machine-readable record of everything that was run: an RO-Crate.

It follows Workflow Run Crate 0.5, https://w3id.org/ro/wfrun/workflow/0.5. The Snakefile is the main workflow,
and its execution is one action. Training and predicting each run is an action of its own.
"""

import shutil
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model import ContextEntity, Entity
from rocrate.rocrate import ROCrate

from mnerflow.errors import UserError, quantity
from mnerflow.evaluation.predictions import PREDICTIONS
from mnerflow.files.checksums import sha256
from mnerflow.files.json_text import write_json
from mnerflow.plan.names import Run
from mnerflow.plan.study import config_of
from mnerflow.publishing.archive import METADATA
from mnerflow.record import RECORD, Record
from mnerflow.record.origin import git_commit
from mnerflow.yaml_file import read_yaml

# The top-level files and folders of a checkout; anything else there belongs to the user.
CODE = (
    "Snakefile",
    "rivals.smk",
    "contexts.smk",
    "config.yaml",
    "config",
    "workflow",
    "src",
    "profiles",
    "envs",
    "tests",
    "docs",
    "benchmarks",
    "Makefile",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "CODE_OF_CONDUCT.md",
    "SECURITY.md",
    "CITATION.cff",
    "LICENSE",
)
RUN_FILES = (RECORD, "history.csv", "scores.json", PREDICTIONS, "answers.*.jsonl")
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
FORMATS = {
    ".bib": "application/x-bibtex",
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".png": "image/png",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
    ".yaml": "application/yaml",
}


def copy_code(checkout: Path, target: Path) -> None:
    """Copy mnerflow's own files in a checkout, as they are there, into a new folder."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in CODE:
        if (checkout / name).is_dir():
            shutil.copytree(checkout / name, target / name, ignore=ignored)
        elif (checkout / name).is_file():
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(checkout / name, target / name)


def write_crate(study: Path, outputs: Iterable[Path], runs: Iterable[Run]) -> None:
    """Write ``ro-crate-metadata.json`` into ``study``.

    Args:
        study: folder of the study, with the merged configuration ``config.yaml``, and ``code`` from
            ``copy_code``.
        outputs: tables, plots and reports in this folder.
        runs: runs with folders below ``study/runs``.

    Raises:
        UserError: when a file is missing or is not a record of a run.
    """
    crate = _Crate(study)
    config = config_of(study)
    runs = sorted(runs)
    datasets = {
        name: crate.dataset(name, config["datasets"][name]) for name in _unique(r.dataset for r in runs)
    }
    made = [crate.file(path) for path in sorted(outputs)]
    for path in sorted((study / "code").rglob("*")):
        if path.is_file() and path != study / "code/Snakefile":
            crate.file(path)
    actions = [crate.run(run, datasets[run.dataset]) for run in runs]
    crate.workflow(list(datasets.values()), made, actions)
    write_json(study / METADATA, crate.rocrate.metadata.generate())


class _Crate:
    """The crate while it is being filled."""

    def __init__(self, study: Path) -> None:
        self.study = study
        self.time = _time(datetime.now(UTC))
        self.rocrate = ROCrate(version="1.1")
        self.rocrate.metadata.extra_contexts.append(CONTEXT)
        self.known: dict[str, Entity] = {}

    def workflow(self, datasets: Sequence[Entity], made: Sequence[Entity], runs: Sequence[Entity]) -> None:
        """Describe the whole: the Snakefile, its execution, and who made it under which licence."""
        about = read_yaml(self.study / "code/CITATION.cff", "citation", "Fetch mnerflow again.")
        licence = self.entity(
            f"https://spdx.org/licenses/{about['license']}", "CreativeWork", name=about["license"]
        )
        authors = [self.author(author) for author in about["authors"]]
        snakefile = self.study / "code/Snakefile"
        main = self.rocrate.add_workflow(
            dest_path=self.name(snakefile),
            main=True,
            lang="snakemake",
            lang_version=version("snakemake"),
            properties=_facts(snakefile)
            | {
                "name": about["title"],
                "version": f"{about['version']}+{git_commit() or 'unknown'}",
                "author": authors,
                "license": licence,
                "citation": self.rocrate.get("code/CITATION.cff"),
                "softwareRequirements": self.rocrate.get("code/envs/requirements.lock"),
                "hasPart": _unique(run["instrument"] for run in runs),
            },
        )
        execution = self.entity(
            "#execution",
            "CreateAction",
            name=f"Execution of {about['title']}",
            description=f"{quantity(len(runs), 'run')}, with scores, tables, plots and report.",
            endTime=self.time,
            instrument=main,
            object=[
                self.file(self.study / "config.yaml", description="The merged configuration"),
                self.rocrate.get("code/envs/requirements.lock"),
                *datasets,
            ],
            result=list(made),
        )
        profiles = [
            self.entity(uri, "CreativeWork", name=name, version=number)
            for uri, (name, number) in PROFILES.items()
        ]
        root = self.rocrate.root_dataset
        root["name"] = f"Results of {about['title']}"
        root["description"] = (
            "Which files were made, of what, by which code and with which settings. The licence is that of "
            "the code; data sets keep their own, also where predictions and report quote them."
        )
        root["datePublished"] = self.time
        root["license"] = licence
        root["author"] = authors
        root["conformsTo"] = profiles
        root["mentions"] = [execution, *runs]

    def run(self, run: Run, dataset: Entity) -> Entity:
        """Describe the training and prediction of one run, or the questions to a rival."""
        folder = self.study / "runs" / run.path
        record = Record.read(folder / RECORD)
        commit = (record.code.commit or "unknown") + "-dirty" * record.code.dirty
        end = datetime.fromisoformat(record.finished)
        properties = {
            "name": f"Run {run.path}",
            "description": f"Settings, versions and machine are in runs/{run.path}/run.yaml.",
            "instrument": self.entity(
                f"#mnerflow-{commit}",
                "SoftwareApplication",
                name="mnerflow",
                softwareVersion=f"{record.versions['mnerflow']}+{commit}",
            ),
            "object": [
                *(self.input(name, digest, dataset) for name, digest in record.data_sha256.items()),
                self.entity(f"#seed-{run.seed}", "PropertyValue", name="seed", value=run.seed),
            ],
            "result": [self.file(path) for pattern in RUN_FILES for path in sorted(folder.glob(pattern))],
            "startTime": _time(end - timedelta(seconds=record.seconds)),
            "endTime": _time(end),
        }
        return self.entity(f"#{quote(run.path)}", "CreateAction", **properties)

    def dataset(self, name: str, about: dict[str, Any]) -> Entity:
        """Describe a data set as its entry in the configuration does."""
        known = {
            "url": about.get("homepage"),
            "inLanguage": about.get("language"),
            "citation": about.get("citation"),
        }
        if "licence" in about:
            known["license"] = self.entity(
                f"#licence-{name}", "CreativeWork", name=f"Licence of {name}", description=about["licence"]
            )
        known = {key: value for key, value in known.items() if value}
        return self.entity(f"#dataset-{name}", "Dataset", name=about.get("title", name), **known)

    def input(self, name: str, digest: str, dataset: Entity) -> Entity:
        """Describe a file that a run read. It is not part of the crate, because posts belong to others."""
        identifier = f"#{quote(name)}-{digest[:16]}"
        return self.entity(identifier, "CreativeWork", name=name, sha256=digest, isPartOf=dataset)

    def author(self, author: dict[str, str]) -> Entity:
        """Describe an author of ``CITATION.cff``, a group or a person."""
        if "name" in author:
            return self.entity(f"#{quote(author['name'])}", "Organization", name=author["name"])
        name = f"{author['given-names']} {author['family-names']}"
        return self.entity(author.get("orcid", f"#{quote(name)}"), "Person", name=name)

    def file(self, path: Path, **properties: Any) -> Entity:
        """Add a file in the study's folder."""
        name = self.name(path)
        return self.rocrate.add_file(dest_path=name, properties={"name": name} | _facts(path) | properties)

    def entity(self, identifier: str, kind: str, **properties: Any) -> Entity:
        """Add something other than a file, unless it was added before."""
        if identifier not in self.known:  # rocrate searches all entities for one that it lacks
            entity = ContextEntity(self.rocrate, identifier, {"@type": kind, **properties})
            self.known[identifier] = self.rocrate.add(entity)
        return self.known[identifier]

    def name(self, path: Path) -> str:
        """A file's path below the study's folder."""
        return path.relative_to(self.study).as_posix()


def _facts(path: Path) -> dict[str, str]:
    try:
        return {
            "sha256": sha256(path),
            "contentSize": str(path.stat().st_size),
            "encodingFormat": FORMATS.get(path.suffix, "text/plain"),
        }
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}). Run the workflow again.") from error


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))
