"""Gather the scores of all runs in one table."""

from mnerflow.evaluation.scores import gather
from mnerflow.log import job

with job("gathered the scores of all runs", snakemake.log[0]):
    gather(snakemake.input, snakemake.output[0])
