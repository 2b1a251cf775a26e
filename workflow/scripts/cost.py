"""Tabulate what each combination of the grid took to train."""

from mnerflow.log import job
from mnerflow.reporting.cost import COLUMNS, cost_rows, cost_table
from mnerflow.reporting.table_files import write_table

with job(f"tabulated the cost of {len(snakemake.input)} runs", snakemake.log[0]):
    rows = cost_rows(snakemake.input)
    write_table(snakemake.output, rows, COLUMNS, cost_table(rows))
