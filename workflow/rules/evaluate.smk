# From predictions to one table of scores.
rule score:
    """Compute all metrics of a text encoder's runs from saved predictions; count entities per sentence."""

    # One job for many runs: starting a job takes four times as long as scoring a run.
    input:
        lambda w: [predictions_of(run) for run in SCORED[tuple(w)]],
    output:
        of_all=study(f"{layout.scores()}/scores.json"),
        counts=study(f"{layout.scores()}/counts.npz"),
    log:
        "results/logs/score/{dataset}/{filter}/{text}.log",
    conda:
        ENVIRONMENT
    params:
        types=lambda w: list(config["datasets"][w.dataset]["types"]),
        code=code_of("score.py"),
    script:
        "../scripts/score.py"


rule scores:
    """Gather the scores of all runs: one row per run, split and condition."""
    input:
        of_all_scores("scores.json"),
        of_rivals("scores.json"),
    output:
        study("scores.csv"),
    log:
        "results/logs/scores.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("scores.py"),
    script:
        "../scripts/scores.py"
