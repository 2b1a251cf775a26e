"""The tables of families: those of a few, and how they are written."""

import pytest
from page import Verdict, table
from text_families import of_family


@pytest.mark.parametrize(
    ("kind", "family"),
    [("transformer", "modernbert"), ("transformer", "ibert"), ("language_model", "gemma3_text")],
)
def test_a_family_that_works_is_trained_saved_and_loaded(kind: str, family: str) -> None:
    assert of_family(kind, family) == Verdict(family)


@pytest.mark.parametrize(
    ("family", "said"),
    [
        ("nystromformer", "nystromformer reads padding"),
        ("mobilebert", "mobilebert reads padding"),
        ("xmod", "xmod cannot compute two short posts and their gradient (ValueError: Input language"),
    ],
)
def test_a_family_that_is_refused_is_told_why(family: str, said: str) -> None:
    found = of_family("transformer", family)
    assert not found.failed and found.refused.startswith(f"text encoder: {said}")


def test_a_table_lists_what_works_in_a_line_and_what_is_said_of_others() -> None:
    found = table(
        "T", [Verdict("b"), Verdict("a"), Verdict("c", refused="no | no"), Verdict("d", failed="X")]
    )
    assert "2 work: a, b." in found
    assert "| c | no &#124; no |" in found and "| d | **fails**: X |" in found
