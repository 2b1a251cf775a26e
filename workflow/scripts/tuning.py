"""Tabulate a search over training settings."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.plan.names import Combination, Run
from mnerflow.plan.tuning import Candidate
from mnerflow.reporting.tuning import TABLE, tuning_rows

with job("compared the candidates", snakemake.log[0]) as log:
    folders = {}
    for file in map(Path, snakemake.input):
        *_, settings, seed = file.parent.parts
        run = Run.from_folder(file.parents[2] / seed)
        folders[Candidate(run, settings)] = file.parent
    rows = tuning_rows(folders)
    TABLE.write(snakemake.output, rows)
    for row in rows:
        if row["picked"]:
            log.info("%s, %s: %s", row["dataset"], Combination.of(row).system, row["settings"])
