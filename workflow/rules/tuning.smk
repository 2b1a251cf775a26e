# Declared searches over training settings; only train and dev are read.
SEARCHES = [[f"results/tuning/{candidate.path}" for candidate in search] for search in plan.searches]


use rule train as train_candidate with:
    """Train with the settings of a search; only its record and history are kept."""
    output:
        model=temp(f"{TUNING_RUN}/model.safetensors"),
        record=f"{TUNING_RUN}/run.yaml",
        history=f"{TUNING_RUN}/history.csv",
    log:
        f"results/logs/tuning/{RUN_NAME}/{{settings}}.log",
    params:
        run=candidate_values,
        code=lambda w: code_of("train.py", *modules_of(candidate_values(w))),


rule tuning:
    """Tabulate the candidates, and which of them is best on dev."""
    input:
        sorted({f"{folder}/run.yaml" for search in SEARCHES for folder in search}),
    output:
        csv=study("tables/tuning.csv"),
        md=study("tables/tuning.md"),
    log:
        "results/logs/tuning.log",
    conda:
        ENVIRONMENT
    params:
        searches=SEARCHES,
        code=code_of("tuning.py"),
    script:
        "../scripts/tuning.py"
