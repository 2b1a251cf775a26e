# One page with everything a reader looks at.
rule page:
    """Write results/report.html, which opens from disk without a network."""
    input:
        help="results/tables/does_it_help.csv",
        plots=[file for file in plots() if file.endswith(".svg")],
        tables=[file for file in tables() if file.endswith(".md")],
        data=data_reports(),
    output:
        "results/report.html",
    log:
        "results/logs/page.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("page.py"),
        look=look_of("page"),
    script:
        "../scripts/page.py"
