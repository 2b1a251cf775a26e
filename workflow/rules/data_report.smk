# Reports on what is in a data set and what was found in it.


rule data_report:
    """Report what is in a data set and what was found in it: counts, overlap, noise, images, filters."""
    input:
        unpack(lambda w: plan.data_report(w.dataset)),
    output:
        md=study("reports/data/{dataset}.md"),
        plots=expand(study("reports/data/{{dataset}}.{plot}.{ending}"), plot=DATA_PLOTS, ending=ENDINGS),
    log:
        "results/logs/data_report/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        about=lambda w: plan.data.about(w.dataset),
        code=code_of("data_report.py"),
    script:
        "../scripts/data_report.py"


rule plot_tag_distribution:
    """Plot how often each tag occurs in each split of a data set."""
    input:
        expand("results/data/{{dataset}}/none/{split}.jsonl", split=SPLITS),
    output:
        png=study("plots/tag_distribution.{dataset}.png"),
        svg=study("plots/tag_distribution.{dataset}.svg"),
    log:
        "results/logs/plot_tag_distribution/{dataset}.log",
    conda:
        ENVIRONMENT
    params:
        title=lambda w: config["datasets"][w.dataset].get("title", w.dataset),
        names=lambda w: TYPE_NAMES[w.dataset],
        code=code_of("plot_tag_distribution.py"),
    script:
        "../scripts/plot_tag_distribution.py"


rule contact_sheet:
    """Draw 20 random sentences with their crops, to check that a crop shows its words."""
    input:
        posts=expand("results/data/{{dataset}}/none/{split}.jsonl", split=SPLITS),
        images="resources/data/{dataset}/images",
    output:
        study("reports/data/{dataset}.crops.png"),
    log:
        "results/logs/contact_sheet/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(plan.data.with_crops),
    conda:
        ENVIRONMENT
    params:
        code=code_of("contact_sheet.py"),
    script:
        "../scripts/contact_sheet.py"
