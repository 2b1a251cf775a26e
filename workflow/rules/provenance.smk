# What the results rest on, for machines.
rule crate:
    """Copy the code, and describe it with all runs and what was made of them as an RO-Crate."""
    input:
        config="results/config.yaml",
        runs=results_of_runs("run.yaml"),
        outputs=[
            "results/scores.csv",
            "results/report.html",
            *tables(),
            *plots(),
            *data_reports(),
            *data_plots(),
        ],
    output:
        crate="results/ro-crate-metadata.json",
        code=directory("results/code"),
    log:
        "results/logs/crate.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("crate.py"),
    script:
        "../scripts/crate.py"
