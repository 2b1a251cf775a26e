"""Fetch an encoder's pretrained weights."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.models.weights import fetch_weights

with job(f"fetched weights of {snakemake.wildcards.encoder}", snakemake.log[0]):
    params = snakemake.params
    # No parameter of the rule: where the same files come from is no reason to train anew.
    mirror = snakemake.config.get("weights_mirror")
    fetch_weights(
        params.source, Path(snakemake.output[0]), params.revision, params.checksum, mirror and Path(mirror)
    )
