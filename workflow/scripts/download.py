"""Download one raw file or an archive of photos, or copy it from the mirror."""

from pathlib import Path

from mnerflow.data.download import fetch
from mnerflow.data.sources import archives, mirror_file
from mnerflow.log import job

with job(f"fetched {snakemake.output[0]}", snakemake.log[0]):
    # Not parameters of the rule: a change in where the same file comes from is no reason to train again.
    config, asked = snakemake.config, dict(snakemake.wildcards.items())
    if "archive" in asked:
        entry = archives(config)[asked["archive"]]
    else:
        entry = config["datasets"][asked["dataset"]]["files"][asked["file"]]
    fetch(entry["url"], Path(snakemake.output[0]), entry.get("sha256"), mirror_file(config, entry))
