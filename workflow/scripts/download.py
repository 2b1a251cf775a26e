"""Fetch one raw file, or an archive of photos."""

from pathlib import Path

from mnerflow.data.download import fetch
from mnerflow.data.sources import archives, mirror_file
from mnerflow.log import job

with job(f"fetched {snakemake.output[0]}", snakemake.log[0]):
    # No parameters of the rule: where the same file comes from is no reason to train anew.
    config, asked = snakemake.config, dict(snakemake.wildcards.items())
    if "archive" in asked:
        entry = archives(config)[asked["archive"]]
    else:
        entry = config["datasets"][asked["dataset"]]["files"][asked["file"]]
    fetch(entry["url"], Path(snakemake.output[0]), entry.get("sha256"), mirror_file(config, entry))
