"""Tell what kind of error each wrong entity is, and what each fusion mends and breaks."""

from pathlib import Path

from mnerflow.data.image_store import usable_images
from mnerflow.data.post import read_posts
from mnerflow.evaluation.errors import context_of
from mnerflow.files import write_json_lines, write_text
from mnerflow.grid import Run
from mnerflow.log import job
from mnerflow.reporting import errors
from mnerflow.reporting.table_files import write_csv

with job(f"sorted the errors of {len(snakemake.input.predictions)} runs", snakemake.log[0]):
    out = snakemake.output
    indexes = zip(snakemake.params.with_images, snakemake.input.images, strict=True)
    usable = {dataset: usable_images(Path(index)) for dataset, index in indexes}
    contexts = {}
    for train, test in zip(snakemake.input.train, snakemake.input.test, strict=True):
        dataset, filter_name = Path(train).parts[-3:-1]
        posts = (read_posts(file) for file in (train, test))
        contexts[dataset, filter_name] = context_of(*posts, usable.get(dataset, set()))
    files = {Run.from_folder(Path(file).parent): file for file in snakemake.input.predictions}
    rows = errors.error_rows(files, contexts)
    write_csv(out.csv, rows, errors.COLUMNS)
    write_text(out.md, errors.error_table(rows).markdown())
    counts, examples = errors.change_rows(files, snakemake.params.twins)
    write_csv(out.changes, counts, errors.CHANGE_COLUMNS)
    write_json_lines(out.examples, examples)
