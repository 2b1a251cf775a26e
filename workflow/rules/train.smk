# One training run, and its predictions for dev and test.


rule check_leak:
    """See that a run that starts from another one has not learnt there what it is tested with here."""
    input:
        learnt=lambda w: prepared(w.start, splits=["train", "dev"]),
        tested=lambda w: prepared(w.dataset, splits=["dev", "test"]),
    output:
        "results/reports/leaks/{start}.{dataset}.{system}.csv",
    log:
        "results/logs/check_leak/{start}.{dataset}.{system}.log",
    wildcard_constraints:
        start=one_of(config["datasets"]),
    conda:
        ENVIRONMENT
    params:
        allowed=lambda w: starts_from(config, w.system).get("allow_leak", False),
        code=code_of("check_leak.py"),
    script:
        "../scripts/check_leak.py"


rule train:
    """Train a tagger; the best epoch on dev is kept. A killed job continues from its checkpoint."""
    input:
        unpack(known(lambda w: plan.reads(run_of(w)) | plan.start(run_of(w)))),
        train="results/data/{dataset}/{filter}/train.jsonl",
        dev="results/data/{dataset}/{filter}/dev.jsonl",
    output:
        model=f"{RUN}/model.safetensors",
        record=f"{RUN}/run.yaml",
        history=f"{RUN}/history.csv",
    log:
        f"results/logs/train/{RUN_NAME}.log",
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        gpu=1,
        checkpoint_seconds=checkpoint_seconds,
    params:
        run=run_values,
        code=run_code("train.py"),
    script:
        "../scripts/train.py"


use rule train as train_again with:
    """Train a run whose weights were dropped, where something asks for them again."""
    output:
        model=temp(f"{RUN}/model.safetensors"),
        record=f"{RUN}/run.yaml",
        history=f"{RUN}/history.csv",
    wildcard_constraints:
        # Weights that only may be there are none that are missing.
        dataset=one_of_runs(plan.dropped),


rule predict:
    """Predict dev and test with a run, the test also with each source but the text made wrong."""
    input:
        unpack(known(lambda w: plan.reads(run_of(w)))),
        model=rules.train.output.model,
        dev="results/data/{dataset}/{filter}/dev.jsonl",
        test="results/data/{dataset}/{filter}/test.jsonl",
    output:
        predictions=f"{RUN}/predictions.jsonl",
    log:
        f"results/logs/predict/{RUN_NAME}.log",
    # Weights that are not to be kept go the sooner.
    priority: 1
    conda:
        ENVIRONMENT
    threads: threads_of
    resources:
        gpu=1,
    params:
        run=run_values,
        code=run_code("predict.py"),
    script:
        "../scripts/predict.py"
