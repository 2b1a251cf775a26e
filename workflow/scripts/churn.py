"""Tabulate what tags posts differently: another seed, a source, a wrong source."""

from mnerflow.evaluation.churn import churn
from mnerflow.evaluation.counts import read_counts
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.reporting.churn import TABLE, churn_row

with job("compared the tags of all runs", snakemake.log[0]):
    runs = read_counts(snakemake.input)
    # A model that learnt from fewer posts says nothing of what a source changes in one that learnt from all.
    fewer = snakemake.params.of_fewer_posts
    whole = {run: counts for run, counts in runs.items() if run.variant not in fewer}
    found = churn(whole, read_baselines(snakemake.params.baselines))
    TABLE.write(snakemake.output, [churn_row(each) for each in found])
