# From predictions to one table of scores.
rule score:
    """Compute all metrics of a run from its saved predictions, and count its entities a sentence."""
    input:
        lambda w: predictions_of(run_of(w)),
    output:
        scores=f"{RUN}/scores.json",
        counts=f"{RUN}/counts.npz",
    log:
        f"results/logs/score/{RUN_NAME}.log",
    wildcard_constraints:
        text=one_of([*config["text_encoders"], *config.get("rivals", {}), grid.NONE]),
        image=one_of([*config["image_encoders"], llm.PIXELS, grid.NONE]),
        fusion=one_of([*config["fusions"], *{run.fusion for run in RIVALS}]),
    conda:
        ENVIRONMENT
    params:
        types=lambda w: list(config["datasets"][w.dataset]["types"]),
        uses_image=lambda w: w.image != grid.NONE,
        code=code_of("score.py"),
    script:
        "../scripts/score.py"


rule scores:
    """Gather the scores of all runs: one row a run, split and image condition."""
    input:
        results_of_runs("scores.json"),
    output:
        "results/scores.csv",
    log:
        "results/logs/scores.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("scores.py"),
    script:
        "../scripts/scores.py"
