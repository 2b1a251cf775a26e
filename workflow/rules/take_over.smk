# Published runs, which are taken over instead of trained.


rule take_over:
    """Unpack a published run that sees no image; its predictions get their words back."""
    input:
        packed=lambda w: plan.published_files(w.run),
        data=lambda w: data_of(Run.from_folder(w.run)),
    output:
        record="results/runs/{run}/run.yaml",
        history="results/runs/{run}/history.csv",
        dev="results/runs/{run}/predictions.dev.jsonl",
        test="results/runs/{run}/predictions.test.jsonl",
    log:
        "results/logs/take_over/{run}.log",
    wildcard_constraints:
        run=one_of(run.path for run in plan.published if not run.ablations),
    localrule: True
    conda:
        ENVIRONMENT
    script:
        "../scripts/take_over.py"


use rule take_over as take_over_with_images with:
    """Unpack a published run that sees images, its predictions with shuffled and blank ones, too."""
    output:
        record="results/runs/{run}/run.yaml",
        history="results/runs/{run}/history.csv",
        dev="results/runs/{run}/predictions.dev.jsonl",
        test="results/runs/{run}/predictions.test.jsonl",
        shuffled="results/runs/{run}/predictions.test.shuffled.jsonl",
        blank="results/runs/{run}/predictions.test.blank.jsonl",
    wildcard_constraints:
        run=one_of(run.path for run in plan.published if run.ablations),


ruleorder: take_over > take_over_with_images > predict > predict_with_images > train_again > train
