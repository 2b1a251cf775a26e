"""Tabulate what changes the tags of posts: another seed, a source, a source shuffled or blank."""

from mnerflow.evaluation.churn import churn
from mnerflow.evaluation.counts import read_counts
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.reporting.churn import TABLE, churn_row

with job("compared the tags of all runs", snakemake.log[0]):
    runs, pools = read_counts(snakemake.input), SeedPools(**snakemake.params.pools)
    # Models trained on fewer posts say nothing about what a source changes in a model trained on all posts.
    whole = {run: counts for run, counts in runs.items() if pools.share(run) == 1}
    found = churn(whole, read_baselines(snakemake.params.baselines))
    TABLE.write(snakemake.output, [churn_row(each) for each in found])
