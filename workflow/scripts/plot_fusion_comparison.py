"""Plot the comparison of fusions."""

from pathlib import Path

from mnerflow.files.json_text import read_json
from mnerflow.log import job
from mnerflow.reporting.plots.fusion_comparison import draw_fusion_comparison

with job("drew the comparison of fusions", snakemake.log[0]):
    ceilings = {
        Path(file).parent.name: read_json(file)["test"]["entity_f1"] for file in snakemake.input.ceilings
    }
    draw_fusion_comparison(Path(snakemake.input.scores), ceilings, Path(snakemake.output.png).with_suffix(""))
