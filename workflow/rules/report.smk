# One page with everything that a reader needs.
from dataclasses import asdict


rule report:
    """Write report.html, which opens from disk and needs no network."""
    input:
        tables=[file for file in tables() if file.endswith(".csv")],
        scores=study("scores.csv"),
        plots=[file for file in plots() if file.endswith(".svg")],
        data=data_reports(),
        data_plots=data_plots(),
        posts=expand("results/data/{data}/test.jsonl", data=plan.filtered_data),
        counts=COUNTS,
        records=of_runs("run.yaml"),
        images=plan.image_indexes.values(),
    output:
        study("report.html"),
    log:
        "results/logs/report.log",
    conda:
        ENVIRONMENT
    params:
        images={dataset: plan.data.image_folder(dataset) for dataset in sorted(plan.image_indexes)},
        baselines=BASELINES,
        type_names=TYPE_NAMES,
        kinds={dataset: asdict(kind) for dataset, kind in plan.kinds.items()},
        contexts={name: contexts_of(config, name) for name in variants(config)},
        pools=POOLS,
        quote_posts=value_of(config, "quote_posts"),
        code=code_of("report.py"),
        look=look_of("report"),
    script:
        "../scripts/report.py"
