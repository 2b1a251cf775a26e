"""Tabulate results from the literature next to ours."""

from mnerflow.evaluation.scores import read_scores
from mnerflow.files.writing import write_text
from mnerflow.log import job
from mnerflow.reporting.literature import TABLE, bibliography, literature_rows, literature_table
from mnerflow.reporting.summary import summarize

with job("put the literature's results beside ours", snakemake.log[0]):
    scores, params = read_scores(snakemake.input[0]), snakemake.params
    ours = [row for row in summarize(scores) if row["variant"] not in params.controls]
    rows = literature_rows(ours, params.contexts)
    TABLE.write(snakemake.output.table, rows, literature_table(rows))
    write_text(snakemake.output.bib, bibliography())
