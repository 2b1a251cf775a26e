# One page with everything a reader looks at.
rule page:
    """Write results/report.html, which opens from disk without a network."""
    input:
        help="results/tables/does_it_help.csv",
        plots=[file for file in plots() if file.endswith(".svg")],
        tables=[file for file in tables() if file.endswith(".md")],
        data=data_reports(),
        page=Path(workflow.basedir) / "src/mnerflow/reporting/page/page.html.j2",
        style=Path(workflow.basedir) / "src/mnerflow/reporting/page/style.css",
    output:
        "results/report.html",
    log:
        "results/logs/page.log",
    conda:
        ENVIRONMENT
    params:
        code=code_of("page.py"),
    script:
        "../scripts/page.py"
