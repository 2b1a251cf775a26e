"""Tell what kind of error each wrong entity is."""

from pathlib import Path

from mnerflow.data.image_store import usable_images
from mnerflow.data.post import read_posts
from mnerflow.evaluation.errors import context_of
from mnerflow.log import job
from mnerflow.plan.names import Run
from mnerflow.reporting.errors import TABLE, error_rows, error_table

with job(f"sorted the errors of {len(snakemake.input.predictions)} runs", snakemake.log[0]):
    indexes = zip(snakemake.params.with_images, snakemake.input.images, strict=True)
    usable = {dataset: usable_images(Path(index)) for dataset, index in indexes}
    contexts = {}
    for train, test in zip(snakemake.input.train, snakemake.input.test, strict=True):
        dataset, filter_name = Path(train).parts[-3:-1]
        posts = (read_posts(file) for file in (train, test))
        contexts[dataset, filter_name] = context_of(*posts, usable.get(dataset, set()))
    files = {Run.from_folder(Path(file).parent): file for file in snakemake.input.predictions}
    rows = error_rows(files, contexts, snakemake.params.type_names)
    TABLE.write(snakemake.output, rows, error_table(rows))
