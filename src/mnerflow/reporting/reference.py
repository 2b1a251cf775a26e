"""Print docs/tables.md, which explains all columns: ``python -m mnerflow.reporting.reference``."""

from collections.abc import Iterable

from mnerflow.reporting import calibration, rivals, tuning
from mnerflow.reporting.columns import COMBINATION_COLUMNS, Column
from mnerflow.reporting.render import ABSENT, markdown_table
from mnerflow.reporting.report.tables import TABLES

ALL = {
    **TABLES,
    "tables/reliability.csv": calibration.RELIABILITY,
    "tables/rivals.csv": rivals.TABLE,
    "tables/tuning.csv": tuning.TABLE,
}
HEAD = """# Tables

This page explains the columns of the CSV files. It also gives the title of each column in Markdown, LaTeX,
the terminal and the report. A column without a title is shown in another column's cell, or only in the CSV.
In the CSV, scores, shares and differences of scores are fractions: 0.005 is half a point. Everywhere else
they are percentages or points, and the explanations use these words. `python -m
mnerflow.reporting.reference` generates this page from the declarations of the tables.

The LaTeX files need `\\usepackage{booktabs,tabularx}` and fit the text width of an article at 11 points. The
label of a table is `tab:` and the file's name, as in `tab:grid`. Further tables of a file add a name of
their own, as in `tab:does_it_help:wrong` and `tab:per_type:twitter2017`. `literature.tex` cites keys of
`literature.bib` in the same folder: `\\bibliography{literature}`. In a two-column layout, use `table*`
instead of `table`.

Most tables begin with the names of a combination. Its runs differ only in their seed:
"""


def tables_page() -> str:
    """The columns that most tables share, then a section for each table: its caption and other columns."""
    parts = [HEAD, _columns(COMBINATION_COLUMNS)]
    for file, table in ALL.items():
        columns = [column for column in table.columns if column not in COMBINATION_COLUMNS]
        if len(table.columns) - len(columns) < len(COMBINATION_COLUMNS):  # not a table of combinations
            columns = list(table.columns)
        parts += [f"## {table.title}\n\n`results/<study>/{file}`. {table.caption}\n", _columns(columns)]
    return "\n".join(parts)


def _columns(columns: Iterable[Column]) -> str:
    rows = [[f"`{each.name}`", each.title or ABSENT, each.meaning] for each in columns]
    return markdown_table(["column", "title", "meaning"], rows) + "\n"


if __name__ == "__main__":
    print(tables_page(), end="")
