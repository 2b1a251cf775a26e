"""Compare every fusion with its text-only twin, and tabulate scores by entity type."""

from mnerflow.evaluation.counts import read_counts
from mnerflow.evaluation.evidence import compare_with_twins
from mnerflow.log import job
from mnerflow.reporting import does_it_help, per_type
from mnerflow.reporting.table_files import write_table

with job("compared all runs", snakemake.log[0]):
    runs = read_counts(snakemake.input)
    comparisons, alone = compare_with_twins(runs, snakemake.params.twins)
    records = [does_it_help.help_record(comparison) for comparison in comparisons]
    table = does_it_help.help_table(comparisons, alone)
    write_table(snakemake.output.help, records, does_it_help.COLUMNS, table)
    rows = per_type.type_rows(runs)
    write_table(snakemake.output.types, rows, per_type.COLUMNS, *per_type.type_tables(rows))
