"""Decode and resize a data set's images once."""

from pathlib import Path

from mnerflow.data.image_store import build_store, splits_without_images
from mnerflow.data.post import read_posts
from mnerflow.errors import UserError
from mnerflow.log import job

with job(f"stored images of {snakemake.wildcards.dataset}", snakemake.log[0]) as log:
    splits = {
        Path(file).stem: [name for post in read_posts(file) for name in post.images]
        for file in snakemake.input.posts
    }
    names = [name for named in splits.values() for name in named]
    if not names:
        raise UserError(
            f"datasets.{snakemake.wildcards.dataset}: no post names an image, but the grid asks for images. "
            "Name them in the posts' `images`, or leave the fusions that read images out."
        )
    report = build_store(
        names,
        Path(snakemake.params.folder),
        Path(snakemake.output.pixels).parent,
        int(snakemake.wildcards.size),
        snakemake.params.broken,
        snakemake.threads,
        snakemake.params.fit,
    )
    for split in splits_without_images(splits, report.problems):
        if not splits[split]:
            raise UserError(
                f"datasets.{snakemake.wildcards.dataset}: no post of the split {split} names an image, so "
                "nothing can be said of images. Name some, or leave the fusions that read images out."
            )
        first = splits[split][0]
        raise UserError(
            f"{snakemake.params.folder}: not one image of the split {split} can be used, as {first}: "
            f"{report.problems[first].reason}. `mnerflow check` of its folder tells what is near."
        )
    log.info(report.summary())
    for name, entry in (report.problems | report.remarks).items():
        log.info("%s: %s, %s", name, entry.status, entry.reason)
