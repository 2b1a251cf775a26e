"""Make PONER's sentences with the crops of their lines."""

from pathlib import Path

from mnerflow.data.poner import make_multimodal
from mnerflow.log import job

with job(f"made {snakemake.wildcards.dataset}", snakemake.log[0]) as log:
    raw, out = Path(snakemake.input[0]), Path(snakemake.output.images).parent
    report = make_multimodal(raw, out, snakemake.params.split, snakemake.params.seed)
    for split, counts in report["sentences"].items():
        log.info("%s: %s", split, ", ".join(f"{count} {status}" for status, count in counts.items()))
