"""Tell what kind of error each wrong entity is."""

from pathlib import Path

from mnerflow.errors import quantity
from mnerflow.evaluation.background import read_backgrounds
from mnerflow.log import job
from mnerflow.plan.names import Run
from mnerflow.reporting.errors import TABLE, error_rows, error_table

with job(f"sorted the errors of {quantity(len(snakemake.input.predictions), 'run')}", snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    indexes = dict(zip(params.with_images, given.images, strict=True))
    backgrounds = read_backgrounds(given.train, given.test, indexes)
    files = {Run.from_folder(Path(file).parent): file for file in given.predictions}
    rows = error_rows(files, backgrounds, params.type_names)
    TABLE.write(snakemake.output, rows, error_table(rows))
