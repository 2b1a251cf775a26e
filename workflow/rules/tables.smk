# From scores and predictions to tables: CSV for programs, Markdown and LaTeX for readers.


rule tables:
    """Tabulate all combinations, and the thesis's results beside ours."""
    input:
        scores="results/scores.csv",
        counts=of_all_encoders("counts.npz") + of_rivals("counts.npz"),
    output:
        grid=[
            report(
                "results/tables/grid.csv",
                category="Tables",
                labels={"table": "all combinations"},
                caption="../report/grid.rst",
            ),
            "results/tables/grid.md",
            "results/tables/grid.tex",
        ],
        thesis=[
            report(
                "results/tables/thesis.csv",
                category="Tables",
                labels={"table": "beside the thesis"},
                caption="../report/thesis.rst",
            ),
            "results/tables/thesis.md",
            "results/tables/thesis.tex",
        ],
    log:
        "results/logs/tables.log",
    conda:
        ENVIRONMENT
    params:
        encoders=encoders_of(config) | llm.rivals_of(config),
        fusions={name: kind_of(name, entry) for name, entry in config["fusions"].items()},
        code=code_of("tables.py"),
    script:
        "../scripts/tables.py"


rule evidence:
    """Compare every run with its baseline and with wrong sources; scores by entity type."""
    input:
        counts=of_all_encoders("counts.npz") + of_rivals("counts.npz"),
        records=of_runs("run.yaml"),
    output:
        help=[
            report(
                "results/tables/does_it_help.csv",
                category="Answer",
                labels={"answer": "does the image help?"},
                caption="../report/does_it_help.rst",
            ),
            "results/tables/does_it_help.md",
            "results/tables/does_it_help.tex",
        ],
        types=[
            report(
                "results/tables/per_type.csv",
                category="Tables",
                labels={"table": "by entity type"},
                caption="../report/per_type_table.rst",
            ),
            "results/tables/per_type.md",
            "results/tables/per_type.tex",
        ],
    log:
        "results/logs/evidence.log",
    conda:
        ENVIRONMENT
    params:
        baselines=BASELINES,
        code=code_of("evidence.py"),
    script:
        "../scripts/evidence.py"


rule errors:
    """Sort the errors of all runs."""
    input:
        predictions=results_of_runs("predictions.jsonl"),
        train=expand("results/data/{data}/train.jsonl", data=plan.filtered_data),
        test=expand("results/data/{data}/test.jsonl", data=plan.filtered_data),
        images=plan.image_indexes.values(),
    output:
        csv=report(
            "results/tables/errors.csv",
            category="Tables",
            labels={"table": "errors"},
            caption="../report/errors.rst",
        ),
        md="results/tables/errors.md",
    log:
        "results/logs/errors.log",
    conda:
        ENVIRONMENT
    params:
        with_images=list(plan.image_indexes),
        code=code_of("errors.py"),
    script:
        "../scripts/errors.py"


rule fixed_and_broken:
    """List what each run mends and breaks beside its baseline."""
    input:
        results_of_runs("predictions.jsonl"),
    output:
        csv=report(
            "results/tables/fixed_and_broken.csv",
            category="Tables",
            labels={"table": "fixed and broken"},
            caption="../report/fixed_and_broken.rst",
        ),
        examples="results/tables/fixed_and_broken.jsonl",
    log:
        "results/logs/fixed_and_broken.log",
    conda:
        ENVIRONMENT
    params:
        baselines=BASELINES,
        code=code_of("fixed_and_broken.py"),
    script:
        "../scripts/fixed_and_broken.py"


rule cost:
    """Tabulate time, memory and trained weights of all combinations."""
    input:
        of_runs("run.yaml"),
    output:
        csv=report(
            "results/tables/cost.csv",
            category="Tables",
            labels={"table": "cost"},
            caption="../report/cost_table.rst",
        ),
        md="results/tables/cost.md",
        tex="results/tables/cost.tex",
    log:
        "results/logs/cost.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("cost.py"),
    script:
        "../scripts/cost.py"


rule literature:
    """Put the literature's results beside ours where data set, split and metric are the same."""
    input:
        "results/scores.csv",
    output:
        csv=report(
            "results/tables/literature.csv",
            category="Tables",
            labels={"table": "beside the literature"},
            caption="../report/literature.rst",
        ),
        md="results/tables/literature.md",
    log:
        "results/logs/literature.log",
    conda:
        ENVIRONMENT
    params:
        contexts={name: contexts_of(config, name) for name in variants(config)},
        code=code_of("literature.py"),
    script:
        "../scripts/literature.py"
