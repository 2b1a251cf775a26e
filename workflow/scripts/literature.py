"""Put results of the literature beside ours."""

from mnerflow.evaluation.scores import read_scores
from mnerflow.files import write_text
from mnerflow.log import job
from mnerflow.reporting.literature import COLUMNS, beside_literature, literature_table
from mnerflow.reporting.tables import summarize, write_csv

with job("put the literature's results beside ours", snakemake.log[0]):
    rows = beside_literature(summarize(read_scores(snakemake.input[0])), snakemake.params.captioned)
    write_csv(snakemake.output.csv, rows, COLUMNS)
    write_text(snakemake.output.md, literature_table(rows).markdown())
