"""Write the merged configuration that was run."""

from mnerflow.files.writing import write_text
from mnerflow.log import job
from mnerflow.yaml_file import yaml_text

with job("wrote the configuration", snakemake.log[0]):
    write_text(snakemake.output[0], yaml_text(snakemake.config))
