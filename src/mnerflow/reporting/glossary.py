"""What the columns of all tables mean, as docs/tables.md tells: ``python -m mnerflow.reporting.glossary``."""

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

What the columns of the CSV files mean, and under which title a reader sees them in Markdown, LaTeX, the
terminal and the report. A column without a title stands in another's cell, or in the CSV alone. Scores are
fractions in the CSV and percentages for readers. `python -m mnerflow.reporting.glossary` writes this page
from the declarations of the tables.

The LaTeX files need `\\usepackage{booktabs,tabularx}` and fit the text of an article at 11 points. Their
labels are `tab:` and the file's name, as `tab:grid`; further tables of a file have a name of their own after
that, as `tab:does_it_help:wrong` and `tab:per_type:twitter2017`. `literature.tex` cites keys of
`literature.bib`, which lies beside it: `\\bibliography{literature}`. Text in two columns needs `table*` for
`table`.

Most tables begin with the names of a combination, the runs that differ by nothing but their seed:
"""


def glossary() -> str:
    """The columns that most tables share, then a section a table: its caption and its other columns."""
    parts = [HEAD, _columns(COMBINATION_COLUMNS)]
    for file, table in ALL.items():
        columns = [column for column in table.columns if column not in COMBINATION_COLUMNS]
        if len(table.columns) - len(columns) < len(COMBINATION_COLUMNS):  # it is of no combination
            columns = list(table.columns)
        parts += [f"## {table.title}\n\n`results/<study>/{file}`. {table.caption}\n", _columns(columns)]
    return "\n".join(parts)


def _columns(columns: Iterable[Column]) -> str:
    rows = [[f"`{each.name}`", each.title or ABSENT, each.meaning] for each in columns]
    return markdown_table(["column", "title", "meaning"], rows) + "\n"


if __name__ == "__main__":
    print(glossary(), end="")
