# From data to the answers of language models, their scores, and their cost.
RIVAL_TABLES = expand(study("tables/rivals.{ending}"), ending=TABLE_ENDINGS)
RIVAL_WILDCARDS = {
    "text": one_of(config.get("rivals", {})),
    "image": one_of([llm.PIXELS, NONE]),
    "system": one_of({run.system for run in plan.rivals}),
}

try:
    if workflow.is_main_process:
        llm.check_prompts(config, plan.rivals, plan.prompts)
except UserError as error:
    stop(error)


rule ask:
    """Ask a language model for the entities of the test split; answers are kept, so asking again costs nothing."""
    input:
        train="results/data/{dataset}/{filter}/train.jsonl",
        test="results/data/{dataset}/{filter}/test.jsonl",
        prompt=lambda w: str(plan.prompts[w.text]),
        images=lambda w: [] if w.image == NONE else plan.data.image_source(w.dataset),
    output:
        predictions=f"{RUN}/predictions.jsonl",
        answers=f"{RUN}/answers.test.jsonl",
        record=f"{RUN}/run.yaml",
    log:
        f"results/logs/ask/{RUN_NAME}.log",
    wildcard_constraints:
        **RIVAL_WILDCARDS,
    # Runs where Snakemake runs: the nodes of a cluster may lack the network or the key.
    localrule: True
    conda:
        ENVIRONMENT
    params:
        rival=lambda w: llm.rival_config(config, run_of(w)),
        # Its content counts, not its time.
        prompt=lambda w: sha256(plan.prompts[w.text].read_bytes()).hexdigest(),
        images=lambda w: plan.data.image_folder(w.dataset),
        user_images=lambda w: None if w.image == NONE else plan.data.user_images(w.dataset),
        fit=lambda w: fit_of(config, w.dataset),
        broken=broken_of(config),
        code=code_of("ask.py"),
    script:
        "../scripts/ask.py"


rule score_rival:
    """Compute all metrics of a rival's answers, and count entities per sentence."""
    input:
        f"{RUN}/predictions.jsonl",
    output:
        scores=f"{RUN}/scores.json",
        counts=f"{RUN}/counts.npz",
    log:
        f"results/logs/score/{RUN_NAME}.log",
    wildcard_constraints:
        **RIVAL_WILDCARDS,
    conda:
        ENVIRONMENT
    params:
        types=lambda w: list(config["datasets"][w.dataset]["types"]),
        code=code_of("score.py"),
    script:
        "../scripts/score.py"


rule rival_tables:
    """Tabulate the rivals' scores, unreadable answers and cost, and whether the image helps them."""
    input:
        scores=of_runs("scores.json", plan.rivals),
        counts=of_runs("counts.npz", plan.rivals),
        records=of_runs("run.yaml", plan.rivals),
    output:
        RIVAL_TABLES,
    log:
        "results/logs/rival_tables.log",
    conda:
        ENVIRONMENT
    params:
        baselines=write_baselines(llm.rival_baselines(plan.rivals)),
        pools=POOLS,
        margin=plan.margin,
        code=code_of("rival_tables.py"),
    script:
        "../scripts/rival_tables.py"
