"""Compare every run with its baseline, and tabulate scores by entity type and by training posts."""

from pathlib import Path

from mnerflow.evaluation.counts import read_counts
from mnerflow.evaluation.evidence import compare_with_baselines, corrected, stray_controls, unlike_baselines
from mnerflow.evaluation.pooled import of_all_posts, pooled_answers
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.plan.names import Run
from mnerflow.record import TrainingRecord
from mnerflow.reporting import does_it_help, learning_curve, per_type, pooled, rivals

with job("compared all runs", snakemake.log[0]):
    runs = read_counts(snakemake.input.counts)
    records = {
        Run.from_folder(file.parent): TrainingRecord.read(file, "Train the run again.")
        for file in map(Path, snakemake.input.records)
    }
    baselines, controls = (
        read_baselines(values) for values in (snakemake.params.baselines, snakemake.params.controls)
    )
    margin = snakemake.params.margin
    # The variation between seeds of asked models says nothing about trained models, and vice versa.
    trained = {run: counts for run, counts in runs.items() if run in records}
    asked = {run: counts for run, counts in runs.items() if run not in records}
    comparisons, alone = compare_with_baselines(trained, baselines, margin, controls=controls)
    of_rivals, lone_rivals = rivals.compare_rivals(asked, baselines, margin)
    comparisons, alone = corrected([*comparisons, *of_rivals]), [*alone, *lone_rivals]
    unlike = unlike_baselines(comparisons, records)
    compared = [does_it_help.help_record(*each) for each in zip(comparisons, unlike, strict=True)]
    stray = stray_controls(comparisons, records)
    does_it_help.TABLE.write(
        snakemake.output.help, compared, does_it_help.help_table(compared, alone, margin, stray)
    )
    answers = pooled_answers(trained, of_all_posts(comparisons, records))
    pooled.TABLE.write(snakemake.output.pooled, pooled.pooled_rows(answers))
    curve = learning_curve.curve_rows(runs, records, snakemake.params.curves)
    learning_curve.TABLE.write(snakemake.output.curve, curve)
    rows = per_type.type_rows(runs, snakemake.params.type_names)
    per_type.TABLE.write(snakemake.output.types, rows, *per_type.type_tables(rows))
