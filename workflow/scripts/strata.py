"""Compare every run with its baseline within strata of the test split."""

from mnerflow.evaluation.background import read_backgrounds
from mnerflow.evaluation.counts import read_counts
from mnerflow.evaluation.strata import compare_in_strata
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.reporting.strata import TABLE, stratum_rows, stratum_tables

with job("compared all runs within strata", snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    indexes = dict(zip(params.with_images, given.images, strict=True))
    backgrounds = read_backgrounds(given.train, given.test, indexes)
    baselines = read_baselines(params.baselines)
    counts, pools = read_counts(given.counts), SeedPools(**params.pools)
    compared = compare_in_strata(counts, backgrounds, baselines, pools, params.margin)
    rows = stratum_rows(compared, params.type_names)
    TABLE.write(snakemake.output, rows, *stratum_tables(rows))
