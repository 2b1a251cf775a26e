"""Tabulate what each combination of the grid took to train."""

from mnerflow.files import write_text
from mnerflow.log import job
from mnerflow.reporting.cost import COLUMNS, cost, cost_table
from mnerflow.reporting.tables import write_csv

with job(f"tabulated the cost of {len(snakemake.input)} runs", snakemake.log[0]):
    rows = cost(snakemake.input)
    table = cost_table(rows)
    write_csv(snakemake.output.csv, rows, COLUMNS)
    write_text(snakemake.output.md, table.markdown())
    write_text(snakemake.output.tex, table.latex())
