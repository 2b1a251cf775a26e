"""Tabulate the searches over training settings."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.plan.names import Combination
from mnerflow.reporting.tuning import TABLE, tuning_rows

with job("compared the candidates", snakemake.log[0]) as log:
    rows = tuning_rows([[*map(Path, search)] for search in snakemake.params.searches])
    TABLE.write(snakemake.output, rows)
    for row in rows:
        if row["picked"]:
            log.info(
                "search %d, %s, %s: %s",
                row["search"],
                row["dataset"],
                Combination.of(row).system,
                row["settings"],
            )
