"""Fetch an encoder's pretrained weights."""

from pathlib import Path

from mnerflow.files.paths import expanded
from mnerflow.log import job
from mnerflow.models.parts import encoder_config
from mnerflow.models.weights import fetch_weights
from mnerflow.plan.encoders import ENCODERS
from mnerflow.registry import kind_of

name, params = snakemake.wildcards.encoder, snakemake.params
package = next(section for section in ENCODERS if name in snakemake.config.get(section, {}))
entry = snakemake.config[package][name]
with job(f"fetched weights of {name}", snakemake.log[0]):
    # Reports a wrong option now, as a run would, before gigabytes are downloaded.
    encoder_config(package, kind_of(name, entry), entry.get("options", {}))
    # Not parameters of the rule: a new mirror or checksum for the same files is no reason to train again.
    mirror, checksum = snakemake.config.get("weights_mirror"), entry.get("sha256")
    fetch_weights(
        params.source, Path(snakemake.output[0]), params.revision, checksum, mirror and expanded(mirror)
    )
