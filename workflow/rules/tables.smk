# From scores and predictions to tables: CSV for programs, Markdown and LaTeX for readers.


rule tables:
    """Tabulate all combinations, and the thesis's results next to ours."""
    input:
        scores=study("scores.csv"),
        counts=COUNTS,
    output:
        grid=expand(study("tables/grid.{ending}"), ending=TABLE_ENDINGS),
        thesis=expand(study("tables/thesis.{ending}"), ending=TABLE_ENDINGS),
    log:
        "results/logs/tables.log",
    conda:
        ENVIRONMENT
    params:
        encoders=encoder_facts(config) | llm.rivals_of(config),
        fusions={name: kind_of(name, entry) for name, entry in config["fusions"].items()},
        cautions={name: plan.kinds[name].caution for name in plan.datasets},
        controls=control_variants(config),
        pools=POOLS,
        code=code_of("tables.py"),
    script:
        "../scripts/tables.py"


rule evidence:
    """Compare every run with its baseline and with shuffled or blank sources; pool this; scores by type and posts."""
    input:
        counts=COUNTS,
        records=of_runs("run.yaml"),
    output:
        help=expand(study("tables/does_it_help.{ending}"), ending=TABLE_ENDINGS),
        pooled=expand(study("tables/pooled.{ending}"), ending=TABLE_ENDINGS),
        types=expand(study("tables/per_type.{ending}"), ending=TABLE_ENDINGS),
        curve=expand(study("tables/learning_curve.{ending}"), ending=TABLE_ENDINGS),
    log:
        "results/logs/evidence.log",
    conda:
        ENVIRONMENT
    params:
        baselines=BASELINES,
        controls=write_baselines(plan.controls),
        pools=POOLS,
        margin=plan.margin,
        curves={name: curve_of(config, name) for name in variants(config)},
        type_names=TYPE_NAMES,
        code=code_of("evidence.py"),
    script:
        "../scripts/evidence.py"


rule churn:
    """Compare how a source changes the tags of posts with how another seed changes them."""
    input:
        COUNTS,
    output:
        expand(study("tables/churn.{ending}"), ending=TABLE_ENDINGS),
    log:
        "results/logs/churn.log",
    conda:
        ENVIRONMENT
    params:
        baselines=BASELINES,
        pools=POOLS,
        code=code_of("churn.py"),
    script:
        "../scripts/churn.py"


rule calibration:
    """Compare the models' confidence with their accuracy."""
    input:
        COUNTS,
    output:
        table=expand(study("tables/calibration.{ending}"), ending=TABLE_ENDINGS),
        bins=study("tables/reliability.csv"),
    log:
        "results/logs/calibration.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("calibration.py"),
    script:
        "../scripts/calibration.py"


rule errors:
    """Sort the errors of all runs by kind."""
    input:
        counts=COUNTS,
        train=expand("results/data/{data}/train.jsonl", data=plan.filtered_data),
        test=expand("results/data/{data}/test.jsonl", data=plan.filtered_data),
        images=plan.image_indexes.values(),
    output:
        csv=study("tables/errors.csv"),
        md=study("tables/errors.md"),
    log:
        "results/logs/errors.log",
    conda:
        ENVIRONMENT
    params:
        with_images=list(plan.image_indexes),
        type_names=TYPE_NAMES,
        code=code_of("errors.py"),
    script:
        "../scripts/errors.py"


rule strata:
    """Compare every run with its baseline within strata of the test split."""
    input:
        counts=COUNTS,
        train=rules.errors.input.train,
        test=rules.errors.input.test,
        images=rules.errors.input.images,
    output:
        expand(study("tables/strata.{ending}"), ending=TABLE_ENDINGS),
    log:
        "results/logs/strata.log",
    conda:
        ENVIRONMENT
    params:
        baselines=BASELINES,
        pools=POOLS,
        margin=plan.margin,
        with_images=list(plan.image_indexes),
        type_names=TYPE_NAMES,
        code=code_of("strata.py"),
    script:
        "../scripts/strata.py"


rule fixed_and_broken:
    """Count the entities that each run fixes and breaks compared with its baseline."""
    input:
        COUNTS,
    output:
        study("tables/fixed_and_broken.csv"),
    log:
        "results/logs/fixed_and_broken.log",
    conda:
        ENVIRONMENT
    params:
        baselines=BASELINES,
        type_names=TYPE_NAMES,
        code=code_of("fixed_and_broken.py"),
    script:
        "../scripts/fixed_and_broken.py"


rule examples:
    """List entities that runs fix and break compared with their baselines, with their posts."""
    input:
        counts=COUNTS,
        test=rules.errors.input.test,
    output:
        study("tables/fixed_and_broken.jsonl"),
    log:
        "results/logs/examples.log",
    conda:
        ENVIRONMENT
    params:
        baselines=BASELINES,
        code=code_of("examples.py"),
    script:
        "../scripts/examples.py"


rule cost:
    """Tabulate time, memory and trained weights of all combinations."""
    input:
        of_runs("run.yaml"),
    output:
        expand(study("tables/cost.{ending}"), ending=TABLE_ENDINGS),
    log:
        "results/logs/cost.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("cost.py"),
    script:
        "../scripts/cost.py"


rule literature:
    """Tabulate the literature's results next to ours if data set, split and metric are the same; cite them."""
    input:
        study("scores.csv"),
    output:
        table=expand(study("tables/literature.{ending}"), ending=TABLE_ENDINGS),
        bib=study("tables/literature.bib"),
    log:
        "results/logs/literature.log",
    conda:
        ENVIRONMENT
    params:
        contexts={name: contexts_of(config, name) for name in variants(config)},
        controls=control_variants(config),
        code=code_of("literature.py"),
    script:
        "../scripts/literature.py"
