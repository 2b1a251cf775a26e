# From posts without the requested contexts to the contexts that language models write for them.
try:
    TO_ASK = asked_contexts.to_ask(plan.data)
    if workflow.is_main_process:
        for name in sorted({name for _, name in TO_ASK}):
            asked_contexts.check_prompt(config, name, PROMPTS)
except UserError as error:
    stop(error)


use rule prepare as prepare_to_ask with:
    """Parse raw files into the posts that language models are asked about, without contexts."""
    input:
        lambda w: plan.data.post_files(w.dataset),
        without=lambda w: [
            f"{layout.to_ask(other)}/{split}.jsonl"
            for other in config["datasets"][w.dataset].get("without", [])
            for split in SPLITS
        ],
    output:
        posts=expand(f"{layout.to_ask()}/{{split}}.jsonl", split=SPLITS, allow_missing=True),
        report=f"{layout.to_ask()}/report.json",
    log:
        "results/logs/prepare_to_ask/{dataset}.log",
    params:
        options=lambda w: plan.data.prepare_options(w.dataset) | {"contexts": {}},


rule ask_context:
    """Ask a language model for a context of each post; answers are kept, so asking again costs nothing."""
    input:
        posts=expand(f"{layout.to_ask()}/{{split}}.jsonl", split=SPLITS, allow_missing=True),
        prompt=lambda w: str(asked_contexts.prompt_of(config, w.context, PROMPTS)),
        images=lambda w: plan.data.image_source(w.dataset) if "image" in read_by(w) else [],
    output:
        # The old files stay if they are asked for again and the server cannot be reached.
        texts=update(layout.asked_context()),
        record=update(layout.asked_record()),
    log:
        "results/logs/ask_context/{dataset}/{context}.log",
    wildcard_constraints:
        context=one_of(name for _, name in TO_ASK),
    # Runs where Snakemake runs: the nodes of a cluster may lack the network or the key.
    localrule: True
    conda:
        ENVIRONMENT
    params:
        question=lambda w: asked_contexts.question_of(config, w.context),
        # Its content counts, not its time.
        prompt=lambda w: sha256(asked_contexts.prompt_of(config, w.context, PROMPTS).read_bytes()).hexdigest(),
        images=lambda w: plan.data.image_folder(w.dataset),
        user_images=lambda w: plan.data.user_images(w.dataset) if "image" in read_by(w) else None,
        fit=lambda w: fit_of(config, w.dataset),
        broken=broken_of(config),
        code=code_of("ask_context.py"),
    script:
        "../scripts/ask_context.py"
