# From scores to tables and plots.


rule tables:
    """Tabulate all combinations, and the thesis's results beside ours."""
    input:
        scores="results/scores.csv",
        counts=of_all_encoders("counts.npz") + of_rivals("counts.npz"),
    output:
        grid_csv=report(
            "results/tables/grid.csv",
            category="Tables",
            labels={"table": "all combinations"},
            caption="../report/grid.rst",
        ),
        grid_md="results/tables/grid.md",
        grid_tex="results/tables/grid.tex",
        thesis_csv=report(
            "results/tables/thesis.csv",
            category="Tables",
            labels={"table": "beside the thesis"},
            caption="../report/thesis.rst",
        ),
        thesis_md="results/tables/thesis.md",
        thesis_tex="results/tables/thesis.tex",
    log:
        "results/logs/tables.log",
    conda:
        ENVIRONMENT
    params:
        models={name: entry["source"] for name, entry in SOURCES.items()}
        | {name: entry["model"] for name, entry in config.get("rivals", {}).items()},
        code=code_of("tables.py"),
    script:
        "../scripts/tables.py"


rule plot_training_curves:
    """Draw losses and dev scores over the epochs of every run."""
    input:
        expand("results/runs/{run}/history.csv", run=[run.path for run in RUNS]),
    output:
        png="results/plots/training_curves.png",
        svg=report(
            "results/plots/training_curves.svg",
            category="Plots",
            labels={"plot": "training curves"},
            caption="../report/training_curves.rst",
        ),
    log:
        "results/logs/plot_training_curves.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("plot_training_curves.py"),
    script:
        "../scripts/plot_training_curves.py"


rule plot_fusion_comparison:
    """Draw test scores by fusion, seed and image condition, with the demo's text-only ceiling."""
    input:
        scores="results/scores.csv",
        ceilings=expand(
            "resources/data/{dataset}/ceiling.json",
            dataset=sorted({*DATASETS} & {*GENERATED}),
        ),
    output:
        png="results/plots/fusion_comparison.png",
        svg=report(
            "results/plots/fusion_comparison.svg",
            category="Plots",
            labels={"plot": "fusion comparison"},
            caption="../report/fusion_comparison.rst",
        ),
    log:
        "results/logs/plot_fusion_comparison.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("plot_fusion_comparison.py"),
    script:
        "../scripts/plot_fusion_comparison.py"


rule plot_tag_distribution:
    """Draw how often each tag stands in each split of a data set."""
    input:
        expand("results/data/{{dataset}}/none/{split}.jsonl", split=SPLITS),
    output:
        png="results/plots/tag_distribution.{dataset}.png",
        svg=report(
            "results/plots/tag_distribution.{dataset}.svg",
            category="Data",
            labels={"data set": "{dataset}", "what": "tag distribution"},
            caption="../report/tag_distribution.rst",
        ),
    log:
        "results/logs/plot_tag_distribution/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        title=lambda w: config["datasets"][w.dataset].get("title", w.dataset),
        code=code_of("plot_tag_distribution.py"),
    script:
        "../scripts/plot_tag_distribution.py"


rule plot_confusion_matrix:
    """Draw the confusion matrix of the data set's run that was best on dev."""
    input:
        scores="results/scores.csv",
        predictions=lambda w: [
            f"results/runs/{run.path}/predictions.test.jsonl" for run in RUNS if run.dataset == w.dataset
        ],
    output:
        png="results/plots/confusion_matrix.{dataset}.png",
        svg=report(
            "results/plots/confusion_matrix.{dataset}.svg",
            category="Plots",
            labels={"plot": "confusion matrix, {dataset}"},
            caption="../report/confusion_matrix.rst",
        ),
    log:
        "results/logs/plot_confusion_matrix/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("plot_confusion_matrix.py"),
    script:
        "../scripts/plot_confusion_matrix.py"


rule data_report:
    """Report what is in a data set and what was found in it: counts, overlap, noise, images, filters."""
    input:
        unpack(data_report_inputs),
    output:
        md=report(
            "results/reports/data/{dataset}.md",
            category="Data",
            labels={"data set": "{dataset}", "what": "report"},
            caption="../report/data_report.rst",
        ),
        plots=expand("results/reports/data/{{dataset}}.{plot}.{ending}", plot=DATA_PLOTS, ending=ENDINGS),
    log:
        "results/logs/data_report/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        about=lambda w: {
            key: value
            for key, value in config["datasets"][w.dataset].items()
            if key in ("title", "language", "licence", "citation", "homepage")
        },
        code=code_of("data_report.py"),
    script:
        "../scripts/data_report.py"
