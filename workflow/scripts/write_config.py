"""Write the merged configuration that was run."""

import yaml

from mnerflow.files.writing import write_text
from mnerflow.log import job

with job("wrote the configuration", snakemake.log[0]):
    write_text(snakemake.output[0], yaml.safe_dump(snakemake.config, sort_keys=False, allow_unicode=True))
