"""Fetch an archive of photos."""

from pathlib import Path

from mnerflow.data.download import archives, fetch, mirror_file
from mnerflow.log import job

with job(f"fetched {snakemake.output[0]}", snakemake.log[0]):
    # No parameters of the rule, as in download.py.
    entry = archives(snakemake.config)[snakemake.wildcards.archive]
    mirrored = mirror_file(snakemake.config, entry)
    fetch(entry["url"], Path(snakemake.output[0]), entry.get("sha256"), mirrored)
