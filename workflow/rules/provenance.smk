# Machine-readable records of what the results are based on.
rule config:
    """Write down the merged configuration that was run."""
    output:
        study("config.yaml"),
    log:
        "results/logs/config.log",
    conda:
        ENVIRONMENT
    params:
        # The configuration itself would fill the screen when Snakemake prints the reason for a job.
        digest=sha256(repr(config).encode()).hexdigest(),
    script:
        "../scripts/write_config.py"


rule crate:
    """Copy the code, and describe it, all runs and their results as an RO-Crate."""
    input:
        config=study("config.yaml"),
        runs=results_of_runs("run.yaml"),
        outputs=[
            study("scores.csv"),
            study("report.html"),
            *tables(),
            *plots(),
            *data_reports(),
            *data_plots(),
        ],
    output:
        crate=study("ro-crate-metadata.json"),
        code=directory(study("code")),
    log:
        "results/logs/crate.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("crate.py"),
    script:
        "../scripts/crate.py"
