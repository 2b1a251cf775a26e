"""List the posts that one run is trained on and that another run, which starts from it, is tested with."""

from pathlib import Path

from mnerflow.data.overlap import check_leak
from mnerflow.log import job

with job(f"compared {snakemake.wildcards.start} with {snakemake.wildcards.dataset}", snakemake.log[0]) as log:
    learnt, tested = map(Path, snakemake.input.learnt), map(Path, snakemake.input.tested)
    found = check_leak(list(learnt), list(tested), Path(snakemake.output[0]), snakemake.params.allowed)
    log.info("posts that stand in both: %d", found)
