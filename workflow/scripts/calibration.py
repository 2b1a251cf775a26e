"""Tabulate how far the models' confidence is from their accuracy."""

from mnerflow.evaluation.counts import read_counts
from mnerflow.log import job
from mnerflow.reporting import calibration

with job("tabulated the calibration of all runs", snakemake.log[0]):
    runs, out = read_counts(snakemake.input), snakemake.output
    rows = calibration.calibration_rows(runs)
    calibration.TABLE.write(out.table, rows, calibration.calibration_table(rows, runs))
    calibration.RELIABILITY.write([out.bins], calibration.reliability_rows(runs))
