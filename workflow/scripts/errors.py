"""Tabulate the kinds of errors that runs make."""

from mnerflow.evaluation.background import read_backgrounds
from mnerflow.evaluation.counts import read_counts
from mnerflow.log import job
from mnerflow.reporting.errors import TABLE, error_rows, error_table

with job("sorted the errors of all runs", snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    indexes = dict(zip(params.with_images, given.images, strict=True))
    backgrounds = read_backgrounds(given.train, given.test, indexes)
    rows = error_rows(read_counts(given.counts), backgrounds, params.type_names)
    TABLE.write(snakemake.output, rows, error_table(rows))
