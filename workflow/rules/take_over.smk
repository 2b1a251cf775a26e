# Published runs, which are taken over instead of trained.


rule take_over:
    """Unpack a published run; its predictions get their words back."""
    input:
        packed=published_files,
        data=lambda w: data_of_run(grid.Run.from_folder(w.run), splits=SPLITS),
    output:
        record="results/runs/{run}/run.yaml",
        history="results/runs/{run}/history.csv",
        predictions="results/runs/{run}/predictions.jsonl",
    log:
        "results/logs/take_over/{run}.log",
    wildcard_constraints:
        run=one_of(run.path for run in PUBLISHED),
    localrule: True
    conda:
        ENVIRONMENT
    script:
        "../scripts/take_over.py"


ruleorder: take_over > predict > train_again > train
