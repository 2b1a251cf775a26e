"""Tell what each run mends and breaks beside its baseline."""

from pathlib import Path

from mnerflow.files import write_json_lines
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.plan.names import Run
from mnerflow.reporting.changes import COLUMNS, change_rows
from mnerflow.reporting.table_files import write_csv

with job(f"compared {len(snakemake.input)} runs with their baselines", snakemake.log[0]):
    files = {Run.from_folder(Path(file).parent): file for file in snakemake.input}
    counts, examples = change_rows(files, read_baselines(snakemake.params.baselines))
    write_csv(snakemake.output.csv, counts, COLUMNS)
    write_json_lines(snakemake.output.examples, examples)
