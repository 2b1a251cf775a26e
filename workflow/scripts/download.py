"""Fetch one raw file."""

from pathlib import Path

from mnerflow.data.download import fetch
from mnerflow.log import job

with job(f"fetched {snakemake.output[0]}", snakemake.log[0]):
    entry = snakemake.params.entry
    fetch(entry["url"], Path(snakemake.output[0]), entry.get("sha256"), snakemake.params.mirror_file)
