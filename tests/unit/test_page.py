"""The report: what it says, and that a post can put nothing into it but text."""

from pathlib import Path

from mnerflow.reporting.does_it_help import COLUMNS
from mnerflow.reporting.page import answers, write_page
from mnerflow.reporting.tables import write_csv

ROW = dict.fromkeys(COLUMNS) | {
    "dataset": "demo",
    "text_encoder": "bilstm",
    "image_encoder": "cnn",
    "fusion": "linear",
    "difference": "0.2",
    "low": "0.15",
    "high": "0.25",
    "p_corrected": "0.0004",
    "drop_shuffled": "0.25",
    "verdict": "gains",
}


def test_a_comparison_is_put_into_words() -> None:
    [answer] = answers([ROW])
    assert (answer["model"], answer["says"]) == ("bilstm+cnn linear", "uses the image and gains")
    assert answer["numbers"] == (
        "+20.00 points of entity F1 (+15.00 to +25.00, p <0.001); −25.00 when its images are shuffled"
    )
    [caption] = answers([ROW | {"image_encoder": "none", "drop_shuffled": None}])
    assert "shuffled" not in caption["numbers"]


def page(folder: Path, table: str) -> str:
    write_csv(folder / "help.csv", [ROW], COLUMNS)
    (folder / "errors.md").write_text(table, encoding="utf-8")
    (folder / "forest.svg").write_text("<svg/>", encoding="utf-8")
    parts = ([folder / "forest.svg"], [folder / "errors.md"], [folder / "errors.md"])
    write_page(folder / "report.html", folder / "help.csv", *parts)
    return (folder / "report.html").read_text(encoding="utf-8")


def test_text_of_a_post_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    text = page(tmp_path, "| token |\n|:--|\n| <script>alert(1)</script> |\n")
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_the_page_needs_nothing_from_outside_and_is_the_same_twice(tmp_path: Path) -> None:
    text = page(tmp_path, "words")
    assert "http://" not in text and "https://" not in text and ' src="data:image/svg+xml;base64,' in text
    assert page(tmp_path, "words") == text
