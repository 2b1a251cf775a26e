# Language models as rivals: asked, scored and tabulated by the target `rivals`, and by no other.
RIVAL_TABLES = expand("results/tables/rivals.{ending}", ending=["csv", "md", "tex"])
RIVAL_WILDCARDS = {
    "text": one_of(config.get("rivals", {})),
    "image": one_of([llm.PIXELS, grid.NONE]),
    "system": one_of({run.system for run in RIVALS}),
}


rule rivals:
    """Ask every configured rival; those without a price cost nothing, the others keep to `max_cost`."""
    input:
        RIVAL_TABLES,


rule ask:
    """Ask a language model for the entities of the test split; answers are kept, and asked again cost nothing."""
    input:
        train="results/data/{dataset}/{filter}/train.jsonl",
        test="results/data/{dataset}/{filter}/test.jsonl",
        prompt=lambda w: str(PROMPTS[w.text]),
        images=lambda w: [] if w.image == grid.NONE else image_source(w),
    output:
        predictions=f"{RUN}/predictions.jsonl",
        answers=f"{RUN}/answers.test.jsonl",
        record=f"{RUN}/run.yaml",
    log:
        f"results/logs/ask/{RUN_NAME}.log",
    wildcard_constraints:
        **RIVAL_WILDCARDS,
    # Where Snakemake runs: a cluster's nodes may have neither the network nor the key.
    localrule: True
    conda:
        ENVIRONMENT
    params:
        rival=lambda w: llm.rival_config(config, run_of(w)),
        # The file's time says little: what counts is what it says.
        prompt=lambda w: sha256(PROMPTS[w.text].read_bytes()).hexdigest(),
        images=lambda w: image_folder(w.dataset),
        own=lambda w: None if w.image == grid.NONE else own_images(w.dataset),
        fit=fit_of,
        broken=BROKEN,
        code=code_of("ask.py"),
    script:
        "../scripts/ask.py"


use rule score as score_rival with:
    """Compute all metrics of what a rival answered, and count entities a sentence."""
    input:
        f"{RUN}/predictions.jsonl",
    output:
        own=f"{RUN}/scores.json",
        counts=f"{RUN}/counts.npz",
    log:
        f"results/logs/score/{RUN_NAME}.log",
    wildcard_constraints:
        **RIVAL_WILDCARDS,


rule rival_tables:
    """Tabulate what the rivals scored, what could not be read, what it cost, and whether the image helps them."""
    input:
        scores=expand("results/runs/{run}/scores.json", run=[run.path for run in RIVALS]),
        counts=expand("results/runs/{run}/counts.npz", run=[run.path for run in RIVALS]),
        records=expand("results/runs/{run}/run.yaml", run=[run.path for run in RIVALS]),
    output:
        RIVAL_TABLES,
    log:
        "results/logs/rival_tables.log",
    conda:
        ENVIRONMENT
    params:
        baselines=grid.write_baselines(llm.rival_baselines(RIVALS)),
        code=code_of("rival_tables.py"),
    script:
        "../scripts/rival_tables.py"
