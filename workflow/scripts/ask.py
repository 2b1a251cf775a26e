"""Ask a rival for the entities of the test split."""

import os
from pathlib import Path

from mnerflow.config import build, settings_of
from mnerflow.llm.config import RivalConfig, Service
from mnerflow.llm.picture import Pictures
from mnerflow.llm.rival import Material, ask_run
from mnerflow.log import job
from mnerflow.plan.names import Run

folder = Path(snakemake.output.predictions).parent
with job(f"asked {folder}", snakemake.log[0]):
    given, out, params, names = snakemake.input, snakemake.output, snakemake.params, snakemake.wildcards
    rival = build(RivalConfig, params.rival, str(folder))
    # Not a parameter of the rule: a change in how a server is reached and paid does not make a new run.
    service = build(
        Service, settings_of(Service, snakemake.config["rivals"][names.text]), f"rivals.{names.text}"
    )
    material = Material(
        train=Path(given.train),
        test=Path(given.test),
        prompt=Path(given.prompt),
        pictures=Pictures(Path(params.images), params.fit, params.broken),
    )
    ask_run(
        rival,
        material,
        service,
        Path("answers"),
        {name: Path(out[name]) for name in ("predictions", "answers", "record")},
        Run.named(dict(names.items())).names,
        os.environ.get("MNERFLOW_SESSION", ""),
        snakemake.config.get("max_cost"),
    )
