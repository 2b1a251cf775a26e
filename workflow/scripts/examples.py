"""List entities that runs fix and break compared with their baselines."""

from pathlib import Path

from mnerflow.data.post import read_posts
from mnerflow.evaluation.counts import read_counts
from mnerflow.files.json_text import write_json_lines
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.reporting.changes import examples

with job("listed what all runs mend and break", snakemake.log[0]):
    given = snakemake.input
    posts = {Path(file).parts[-3:-1]: read_posts(file) for file in given.test}
    baselines = read_baselines(snakemake.params.baselines)
    write_json_lines(snakemake.output[0], examples(read_counts(given.counts), posts, baselines))
