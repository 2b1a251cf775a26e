"""Make PONER's sentences with the crops of their lines."""

from pathlib import Path

from mnerflow.data.download import mirror_file
from mnerflow.data.poner import make_multimodal
from mnerflow.log import job

with job(f"made {snakemake.wildcards.dataset}", snakemake.log[0]) as log:
    given = snakemake.params
    # No parameter of the rule: another mirror with the same files is no reason to train anew.
    entry = snakemake.config["datasets"][snakemake.wildcards.dataset]["poner"]
    raw = Path(mirror_file(snakemake.config, entry) or "resources/poner")
    report = make_multimodal(raw, Path(snakemake.output.images).parent, given.split, given.seed)
    for split, counts in report["sentences"].items():
        log.info("%s: %s", split, ", ".join(f"{count} {status}" for status, count in counts.items()))
