# Published runs, which are taken over instead of trained.


rule take_over:
    """Unpack a published run, and put the words of the posts back into its predictions."""
    input:
        packed=lambda w: plan.published_files(w.run),
        data=lambda w: data_of(Run.from_folder(w.run)),
    output:
        record="results/runs/{run}/run.yaml",
        history="results/runs/{run}/history.csv",
        predictions="results/runs/{run}/predictions.jsonl",
    log:
        "results/logs/take_over/{run}.log",
    wildcard_constraints:
        run=one_of(run.path for run in plan.published),
    localrule: True
    conda:
        ENVIRONMENT
    script:
        "../scripts/take_over.py"
