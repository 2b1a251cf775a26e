"""Plot the confusion matrix of a data set's best run on dev."""

from pathlib import Path

from mnerflow.evaluation.scores import best_run, read_scores
from mnerflow.log import job
from mnerflow.reporting.plots.confusion_matrix import draw_confusion_matrix

with job(f"drew the confusion matrix of {snakemake.wildcards.dataset}", snakemake.log[0]) as log:
    best = best_run(read_scores(snakemake.input.scores), snakemake.wildcards.dataset)
    log.info("best on dev: %s", best.path)
    predictions = Path("results/runs", best.path, "predictions.jsonl")
    draw_confusion_matrix(predictions, snakemake.params.names, Path(snakemake.output.png).with_suffix(""))
