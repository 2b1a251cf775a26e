"""Write the grid table and the thesis table."""

from mnerflow.evaluation.best import best_combinations
from mnerflow.evaluation.counts import read_counts
from mnerflow.evaluation.intervals import score_intervals
from mnerflow.evaluation.scores import read_scores
from mnerflow.log import job
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.reporting import summary, thesis

with job("wrote the tables", snakemake.log[0]):
    counts, pools = read_counts(snakemake.input.counts), SeedPools(**snakemake.params.pools)
    best, intervals = best_combinations(counts, pools), score_intervals(counts, pools)
    rows = summary.summarize(read_scores(snakemake.input.scores), best=best, intervals=intervals)
    summary.GRID.write(snakemake.output.grid, rows, summary.grid_table(rows))
    parts = thesis.Parts(snakemake.params.encoders, snakemake.params.fusions, snakemake.params.cautions)
    reported = [row for row in rows if row["variant"] not in snakemake.params.controls]
    lines = [line.record() for line in thesis.thesis_lines(reported, parts)]
    thesis.TABLE.write(snakemake.output.thesis, lines)
