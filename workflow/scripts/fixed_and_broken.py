"""Tell what each run mends and breaks beside its baseline."""

from pathlib import Path

from mnerflow.errors import quantity
from mnerflow.files import write_json_lines
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.plan.names import Run
from mnerflow.reporting.changes import TABLE, change_rows

with job(f"compared {quantity(len(snakemake.input), 'run')} with their baselines", snakemake.log[0]):
    files = {Run.from_folder(Path(file).parent): file for file in snakemake.input}
    counts, examples = change_rows(
        files, read_baselines(snakemake.params.baselines), snakemake.params.type_names
    )
    TABLE.write([snakemake.output.csv], counts)
    write_json_lines(snakemake.output.examples, examples)
