"""Record what was made, from what and by which code, as an RO-Crate."""

from pathlib import Path

from mnerflow.errors import quantity
from mnerflow.files.writing import atomic_folder
from mnerflow.log import job
from mnerflow.plan.names import Run
from mnerflow.plan.study import link_runs
from mnerflow.publishing.crate import copy_code, write_crate

with job(f"recorded {quantity(len(snakemake.input.runs), 'run')}", snakemake.log[0]):
    with atomic_folder(snakemake.output.code) as folder:
        copy_code(Path(snakemake.scriptdir).resolve().parents[1], folder)
    link_runs(Path(snakemake.output.crate).parent)
    write_crate(
        Path(snakemake.output.crate).parent,
        [Path(file) for file in snakemake.input.outputs],
        [Run.from_folder(Path(file).parent) for file in snakemake.input.runs],
    )
