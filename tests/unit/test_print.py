"""Tables in LaTeX: they keep what Markdown marks, fit an article's page, and cite what they quote."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnerflow.evaluation.scores import read_scores
from mnerflow.reporting import does_it_help, literature, per_type, strata, summary, thesis
from mnerflow.reporting.columns import Column, Row, number
from mnerflow.reporting.latex import latex, latex_escape, latex_text
from mnerflow.reporting.reference import ALL
from mnerflow.reporting.render import Rendered
from mnerflow.reporting.table import Part, Table, rendered
from mnerflow.reporting.table_files import read_csv, write_csv

PUBLISHED = Path(__file__).parents[2] / "results/published"
LONG = "a_rather_long_name_of_an_encoder+another_one"
DOCUMENT = r"""\documentclass[11pt]{article}
\usepackage{booktabs,tabularx}
\begin{document}
%s
\bibliographystyle{plain}
\bibliography{literature}
\end{document}
"""


def test_special_characters_are_shown_and_markdown_is_set():
    assert latex_escape(r"a_b & 50% {#} \x ±") == r"a\_b \& 50\% \{\#\} \textbackslash{}x $\pm$"
    assert latex_text("`run.yaml`, **bold**, *a_b* & [words](https://a.b)") == (
        r"\texttt{run.yaml}, \textbf{bold}, \emph{a\_b} \& words"
    )


def test_each_printed_table_of_a_file_has_its_label():
    table = Table(
        "Title",
        "First: {a}.",
        (Column("dataset", "data set", "m", heading=True), Column("a", "A", "meant"), Column("b", "B", "m")),
        printed=("dataset", "a"),
        further=[Part("rest", "Rest.", ("dataset", "b"))],
    )
    shown = table.render([{"dataset": "x_y", "a": "1", "b": None}], ["A `note`."])
    text = latex(shown, "tab:t")
    assert re.findall(r"\\(?:caption|label)\{(.*)\}", text) == [
        "First: meant.",
        "tab:t",
        "Rest.",
        "tab:t:rest",
    ]
    assert r"\multicolumn{1}{@{}l}{\raggedright\itshape x\_\allowbreak{}y} \\" in text
    assert r"A \texttt{note}." in text
    assert shown.markdown().index("A `note`.") < shown.markdown().index("Rest.")


def test_what_does_not_fit_is_broken_and_goes_on_in_another_float():
    names = [Column("a", "name")]
    many = [Column("a", f"type {x}", form=number(str)) for x in range(20)]
    cells = [
        [column.cell({"a": LONG if column in names else "12.34 ± 5.67"}) for column in names + many]
    ] * 60
    text = latex(rendered("Caption", names + many, cells), "tab:wide")
    floats = text.split(r"\end{table}")[:-1]
    assert len(floats) > 4 and text.count(r"\label") == 1
    assert all("}X" in each for each in floats)
    assert text.count(r"\caption[]{(continued)}") == len(floats) - 1


def made_up(table: Table) -> Row:
    """A row whose names are long and whose numbers are plain."""
    return {column.name: 0.5 if column.form.number else LONG for column in table.columns}


def published(source: str, table: Table, folder: Path) -> list[Row]:
    """The published rows of a table, with made-up cells in columns that are newer; else a made-up row."""
    if not (PUBLISHED / source).exists():
        return [made_up(table)]
    known = read_csv(PUBLISHED / source, ())
    numbers = {name: value for name, value in made_up(table).items() if value != LONG}
    write_csv(
        folder / "table.csv", [dict.fromkeys(table.names) | numbers | row for row in known], table.names
    )
    return table.read(folder / "table.csv")


def tables(folder: Path) -> Iterator[tuple[str, list[Rendered]]]:
    """Every table that is printed, by its file."""
    for source, table in ALL.items():
        name, rows = Path(source).stem, published(source, table, folder)
        if table is literature.TABLE:
            rows = literature.literature_rows(summary.summarize(read_scores(PUBLISHED / "scores.csv")))
            yield name, [literature.literature_table(rows)]
        elif table is per_type.TABLE:
            yield name, per_type.type_tables(rows)
        elif table is strata.TABLE:
            yield name, strata.stratum_tables([row | {"seeds": max(row["seeds"], 2)} for row in rows])
        elif table is does_it_help.TABLE:
            yield name, [does_it_help.help_table(rows, [], 0.005)]
        elif table is thesis.TABLE:
            yield name, [table.render([row | {"remarks": row["note"].split("; ")} for row in rows])]
        elif table.printed:
            yield name, [table.render(rows)]


def test_all_tables_compile_and_fit_an_article(tmp_path):
    if missing := [program for program in ("pdflatex", "bibtex") if not shutil.which(program)]:
        pytest.skip(f"{missing[0]} is absent")
    names = []
    for name, shown in tables(tmp_path):
        names.append(name)
        text = "\n".join(latex(table, f"tab:{name}") for table in shown)
        assert not re.search(r"`|\*\*|\]\(", text), f"{name}: Markdown is left"
        labels = re.findall(r"\\label\{(.*)\}", text)
        refs = " ".join(rf"\ref{{{label}}}" for label in labels)
        (tmp_path / f"{name}.tex").write_text(f"{text}\nTables {refs}.\n\\clearpage\n", encoding="utf-8")
    inputs = "\n".join(rf"\input{{{name}}}" for name in names)
    (tmp_path / "all.tex").write_text(DOCUMENT % inputs, encoding="utf-8")
    (tmp_path / "literature.bib").write_text(literature.bibliography(), encoding="utf-8")
    latexed = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    for command in (latexed, ["bibtex", "all"], latexed, latexed):
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout[-2000:]
        if command[0] == "bibtex":
            assert "Warning" not in run.stdout, run.stdout
    log = (tmp_path / "all.log").read_text(encoding="utf-8", errors="replace")
    problems = re.findall(r"LaTeX Warning: .*(?:undefined|multiply|too large).*", log)
    over = re.findall(r"Overfull \\hbox \((?:[3-9]|\d\d+)\.\d+pt too wide\).*", log)
    assert not problems + over
