"""Count the entities that each run fixes and breaks compared with its baseline."""

from mnerflow.evaluation.counts import read_counts
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.reporting.changes import TABLE, change_rows

with job("compared all runs with their baselines", snakemake.log[0]):
    params = snakemake.params
    rows = change_rows(read_counts(snakemake.input), read_baselines(params.baselines), params.type_names)
    TABLE.write(snakemake.output, [*rows])
