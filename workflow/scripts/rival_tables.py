"""Tabulate the rivals, and whether the image helps them."""

from dataclasses import replace
from pathlib import Path

from mnerflow.errors import UserError, quantity
from mnerflow.evaluation.counts import read_counts
from mnerflow.evaluation.evidence import compare_with_baselines
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.reporting import rivals
from mnerflow.reporting.does_it_help import help_record, help_table

with job(f"tabulated {quantity(len(snakemake.input.scores), 'run')} of rivals", snakemake.log[0]):
    if not snakemake.input.scores:
        raise UserError("no rivals are configured. Name one, as docs/rivals.md shows.")
    rows = rivals.rival_rows(Path(file).parent for file in snakemake.input.scores)
    tables = [rivals.TABLE.render(rows)]
    counts, baselines = read_counts(snakemake.input.counts), read_baselines(snakemake.params.baselines)
    pools, margin = SeedPools(**snakemake.params.pools), snakemake.params.margin
    comparisons, alone = compare_with_baselines(counts, baselines, pools, margin)
    if comparisons or alone:
        helped = help_table([*map(help_record, comparisons)], alone, margin)
        tables.append(replace(helped, name="image"))
    rivals.TABLE.write(snakemake.output, rows, *tables)
