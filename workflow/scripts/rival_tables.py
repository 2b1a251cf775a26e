"""Tabulate the rivals, and whether the image helps them."""

from dataclasses import replace
from pathlib import Path

from mnerflow.errors import UserError, quantity
from mnerflow.evaluation.counts import read_counts
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.reporting import rivals
from mnerflow.reporting.does_it_help import help_record, help_table

with job(f"tabulated {quantity(len(snakemake.input.scores), 'run')} of rivals", snakemake.log[0]):
    if not snakemake.input.scores:
        raise UserError("no rivals are configured. Name one, as docs/rivals.md shows.")
    rows = rivals.rival_rows(Path(file).parent for file in snakemake.input.scores)
    tables = [rivals.TABLE.render(rows)]
    counts, baselines = read_counts(snakemake.input.counts), read_baselines(snakemake.params.baselines)
    comparisons, alone = rivals.compare_rivals(counts, baselines, snakemake.params.margin)
    if comparisons or alone:
        helped = help_table([*map(help_record, comparisons)], alone, snakemake.params.margin)
        tables.append(replace(helped, name="image"))
    rivals.TABLE.write(snakemake.output, rows, *tables)
