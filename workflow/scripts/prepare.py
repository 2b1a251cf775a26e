"""Parse a data set's raw files into its prepared posts."""

from pathlib import Path

from mnerflow.config import build
from mnerflow.data.config import PrepareConfig
from mnerflow.data.prepare import prepare
from mnerflow.log import job
from mnerflow.plan import layout

with job(f"prepared {snakemake.wildcards.dataset}", snakemake.log[0]) as log:
    raw = Path(snakemake.params.raw)
    config = build(PrepareConfig, snakemake.params.options, f"datasets.{snakemake.wildcards.dataset}")
    without = [Path(path) for path in snakemake.input.without]
    made = Path(layout.raw(snakemake.wildcards.dataset))
    report = prepare(config, raw, Path(snakemake.output.report).parent, without, made)
    for name, ids in report.left_out.items():
        log.info("%s: posts left out, since they stand in another data set: %d", name, len(ids))
    for name, split in report.splits.items():
        log.info(
            "%s: posts: %d, tokens: %d, entities: %d",
            name,
            split.posts,
            split.tokens,
            sum(split.entities.values()),
        )
    for name, context in report.contexts.items():
        for split, posts in context.posts.items():
            lacking, empty = len(context.lacking[split]), len(context.empty[split])
            log.info(
                "%s: posts with %s: %d, without: %d, with an empty one: %d",
                split,
                name,
                posts,
                lacking,
                empty,
            )
        log.info("%s: entries of no post: %d", name, len(context.surplus))
