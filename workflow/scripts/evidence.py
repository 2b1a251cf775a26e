"""Compare every run with its baseline, and tabulate scores by entity type and by training posts."""

from pathlib import Path

from mnerflow.evaluation.counts import read_counts
from mnerflow.evaluation.evidence import compare_with_baselines, stray_controls, unlike_baselines
from mnerflow.evaluation.pooled import pooled_answers
from mnerflow.log import job
from mnerflow.plan.baselines import read_baselines
from mnerflow.plan.names import Run
from mnerflow.plan.seed_pools import SeedPools
from mnerflow.record import TrainingRecord
from mnerflow.reporting import does_it_help, learning_curve, per_type, pooled

with job("compared all runs", snakemake.log[0]):
    runs = read_counts(snakemake.input.counts)
    records = {
        Run.from_folder(file.parent): TrainingRecord.read(file) for file in map(Path, snakemake.input.records)
    }
    baselines, controls = (
        read_baselines(values) for values in (snakemake.params.baselines, snakemake.params.controls)
    )
    pools, margin = SeedPools(**snakemake.params.pools), snakemake.params.margin
    comparisons, alone = compare_with_baselines(runs, baselines, pools, margin, controls=controls)
    unlike = unlike_baselines(comparisons, records)
    compared = [does_it_help.help_record(*each) for each in zip(comparisons, unlike, strict=True)]
    stray = stray_controls(comparisons, records)
    does_it_help.TABLE.write(
        snakemake.output.help, compared, does_it_help.help_table(compared, alone, margin, stray)
    )
    answers = pooled_answers(runs, comparisons, pools)
    pooled.TABLE.write(snakemake.output.pooled, pooled.pooled_rows(answers))
    curve = learning_curve.curve_rows(runs, records, snakemake.params.curves, pools)
    learning_curve.TABLE.write(snakemake.output.curve, curve)
    rows = per_type.type_rows(runs, snakemake.params.type_names, pools)
    per_type.TABLE.write(snakemake.output.types, rows, *per_type.type_tables(rows))
