"""Compare every fusion with its text-only twin, and tabulate scores by entity type."""

from mnerflow.evaluation.counts import read_counts
from mnerflow.evaluation.evidence import compare_with_twins
from mnerflow.files import write_text
from mnerflow.log import job
from mnerflow.reporting import does_it_help
from mnerflow.reporting import per_type as by_type
from mnerflow.reporting.tables import write_csv

with job("compared all runs", snakemake.log[0]):
    out = snakemake.output
    runs = read_counts(snakemake.input)
    comparisons, alone = compare_with_twins(runs, snakemake.params.twins)
    table = does_it_help.help_table(comparisons, alone)
    records = [does_it_help.help_record(comparison) for comparison in comparisons]
    write_csv(out.help_csv, records, does_it_help.COLUMNS)
    write_text(out.help_md, table.markdown())
    write_text(out.help_tex, table.latex())
    rows = by_type.per_type(runs)
    tables = by_type.per_type_tables(rows)
    write_csv(out.type_csv, rows, by_type.COLUMNS)
    write_text(out.type_md, "\n".join(table.markdown() for table in tables))
    write_text(out.type_tex, "\n".join(table.latex() for table in tables))
