"""Fetch one raw file."""

from pathlib import Path

from mnerflow.data.download import fetch, mirror_file
from mnerflow.log import job

with job(f"fetched {snakemake.output[0]}", snakemake.log[0]):
    # No parameters of the rule: where the same file comes from is no reason to train anew.
    entry = snakemake.config["datasets"][snakemake.wildcards.dataset]["files"][snakemake.wildcards.file]
    mirrored = mirror_file(snakemake.config, entry)
    fetch(entry["url"], Path(snakemake.output[0]), entry.get("sha256"), mirrored)
