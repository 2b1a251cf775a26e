"""Tabulate a search over training settings."""

from pathlib import Path

from mnerflow.files import write_text
from mnerflow.grid import Run
from mnerflow.log import job
from mnerflow.reporting.tables import write_csv
from mnerflow.reporting.tuning import COLUMNS, compare, tuning_table
from mnerflow.tuning import Candidate

with job("compared the candidates", snakemake.log[0]) as log:
    folders = {}
    for file in map(Path, snakemake.input):
        *_, settings, seed = file.parent.parts
        run = Run.from_folder(file.parents[2] / seed)
        folders[Candidate(run, settings)] = file.parent
    rows = compare(folders)
    write_csv(snakemake.output.csv, rows, COLUMNS)
    write_text(snakemake.output.md, tuning_table(rows).markdown())
    for row in rows:
        if row["picked"]:
            log.info("%s, %s: %s", row["dataset"], row["fusion"], row["settings"])
