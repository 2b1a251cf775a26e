# A training run, and its predictions for dev and test.


rule check_leak:
    """Check that a run that starts from another one is not tested with posts that the other was trained on."""
    input:
        learnt=lambda w: prepared(w.start, splits=["train", "dev"]),
        tested=lambda w: prepared(w.dataset, splits=["dev", "test"]),
    output:
        "results/reports/leaks/{start}/{dataset}/{system}.csv",
    log:
        "results/logs/check_leak/{start}/{dataset}/{system}.log",
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
    """Train a tagger, and keep the best epoch on dev. A killed job continues from its checkpoint."""
    input:
        unpack(with_signature(lambda w: plan.reads(run_of(w)) | plan.start(run_of(w)))),
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
    """Train a run whose weights were dropped, if something needs them again."""
    output:
        model=temp(f"{RUN}/model.safetensors"),
        record=f"{RUN}/run.yaml",
        history=f"{RUN}/history.csv",
    wildcard_constraints:
        # Snakemake does not count an absent temporary file as missing, so only dropped weights may be temporary.
        dataset=one_of_runs(plan.dropped),


rule predict:
    """Predict dev and test with a trained run, and test again with each source shuffled and blanked."""
    input:
        unpack(with_signature(lambda w: plan.reads(run_of(w)))),
        model=rules.train.output.model,
        dev="results/data/{dataset}/{filter}/dev.jsonl",
        test="results/data/{dataset}/{filter}/test.jsonl",
    output:
        predictions=f"{RUN}/predictions.jsonl",
    log:
        f"results/logs/predict/{RUN_NAME}.log",
    # Weights that are not kept are then removed sooner.
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


ruleorder: take_over > predict > train_again > train
