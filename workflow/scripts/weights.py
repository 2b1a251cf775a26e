"""Fetch an encoder's pretrained weights."""

from pathlib import Path

from mnerflow.log import job
from mnerflow.models.parts import encoder_config
from mnerflow.models.weights import fetch_weights
from mnerflow.plan.encoders import ENCODERS

name, params = snakemake.wildcards.encoder, snakemake.params
package = next(section for section in ENCODERS if name in snakemake.config.get(section, {}))
entry = snakemake.config[package][name]
with job(f"fetched weights of {name}", snakemake.log[0]):
    # What a run would say of a wrong option, before gigabytes are fetched.
    encoder_config(package, entry.get("kind", name), entry.get("options", {}))
    # No parameters of the rule: where the same files come from is no reason to train anew, nor is a checksum.
    mirror, checksum = snakemake.config.get("weights_mirror"), entry.get("sha256")
    fetch_weights(
        params.source, Path(snakemake.output[0]), params.revision, checksum, mirror and Path(mirror)
    )
