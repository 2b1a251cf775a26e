"""Write the grid table and the thesis table."""

from mnerflow.evaluation.best import best_combinations
from mnerflow.evaluation.counts import read_counts
from mnerflow.evaluation.intervals import score_intervals
from mnerflow.evaluation.scores import read_scores
from mnerflow.files import write_text
from mnerflow.log import job
from mnerflow.reporting import thesis
from mnerflow.reporting.tables import SUMMARY, grid_table, summarize, write_csv

with job("wrote the tables", snakemake.log[0]):
    out = snakemake.output
    counts = read_counts(snakemake.input.counts)
    best, intervals = best_combinations(counts), score_intervals(counts)
    summary = summarize(read_scores(snakemake.input.scores), best=best, intervals=intervals)
    write_csv(out.grid_csv, summary, SUMMARY)
    grid = grid_table(summary)
    write_text(out.grid_md, grid.markdown())
    write_text(out.grid_tex, grid.latex())
    lines = thesis.compare(summary, snakemake.params.models)
    table = thesis.thesis_table(lines)
    write_csv(out.thesis_csv, [line.record() for line in lines], thesis.COLUMNS)
    write_text(out.thesis_md, table.markdown())
    write_text(out.thesis_tex, table.latex())
