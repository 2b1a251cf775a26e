"""Put published results beside ours."""

from mnerflow.evaluation.scores import read_scores
from mnerflow.files import write_text
from mnerflow.log import job
from mnerflow.reporting.published import COLUMNS, beside_published, published_table
from mnerflow.reporting.tables import summarize, write_csv

with job("put published results beside ours", snakemake.log[0]):
    rows = beside_published(summarize(read_scores(snakemake.input[0])), snakemake.params.captioned)
    write_csv(snakemake.output.csv, rows, COLUMNS)
    write_text(snakemake.output.md, published_table(rows).markdown())
