"""Put results of the literature beside ours."""

from mnerflow.evaluation.scores import read_scores
from mnerflow.log import job
from mnerflow.reporting.literature import COLUMNS, literature_rows, literature_table
from mnerflow.reporting.summary import summarize
from mnerflow.reporting.table_files import write_table

with job("put the literature's results beside ours", snakemake.log[0]):
    rows = literature_rows(summarize(read_scores(snakemake.input[0])), snakemake.params.contexts)
    write_table(snakemake.output, rows, COLUMNS, literature_table(rows))
