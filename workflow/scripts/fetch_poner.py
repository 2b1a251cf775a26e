"""Download PONER's own files, or link them from the mirror."""

from pathlib import Path

from mnerflow.data.poner.source import fetch_source
from mnerflow.data.sources import mirror_file
from mnerflow.log import job

with job("fetched PONER", snakemake.log[0]):
    # Not parameters of the rule: a change in where the same files come from is no reason to train again.
    entry = next(known["poner"] for known in snakemake.config["datasets"].values() if "poner" in known)
    archive = Path("resources/archives/poner.zip")
    fetch_source(entry, Path(snakemake.output[0]), archive, mirror_file(snakemake.config, entry))
