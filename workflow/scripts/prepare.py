"""Parse a data set's raw files into its prepared posts."""

from pathlib import Path

from mnerflow.config import build
from mnerflow.data.prepare import PrepareConfig, prepare
from mnerflow.log import job

with job(f"prepared {snakemake.wildcards.dataset}", snakemake.log[0]) as log:
    raw = Path(snakemake.params.raw)
    captions = raw / snakemake.params.captions if snakemake.params.captions else None
    config = build(PrepareConfig, snakemake.params.options, f"datasets.{snakemake.wildcards.dataset}")
    report = prepare(config, raw, Path(snakemake.output.report).parent, captions)
    for name, split in report.splits.items():
        log.info(
            "%s: %d posts, %d tokens, %d entities",
            name,
            split.posts,
            split.tokens,
            sum(split.entities.values()),
        )
