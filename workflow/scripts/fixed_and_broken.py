"""Tell what each run mends and breaks beside its baseline."""

from pathlib import Path

from mnerflow.data.post import read_posts
from mnerflow.evaluation.counts import read_counts
from mnerflow.files import write_json_lines
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.reporting.changes import TABLE, change_rows

with job("compared all runs with their baselines", snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    posts = {Path(file).parts[-3:-1]: read_posts(file) for file in given.test}
    baselines = read_baselines(params.baselines)
    counts = []

    def examples():
        # Written as they come: of thousands of runs they fill gigabytes.
        for numbers, some in change_rows(read_counts(given.counts), posts, baselines, params.type_names):
            counts.extend(numbers)
            yield from some

    write_json_lines(snakemake.output.examples, examples())
    TABLE.write([snakemake.output.csv], counts)
