"""Messages count in words that fit: "1 post", never "1 posts". Errors end in what to do."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import pytest

from mnerflow.errors import quantity

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "src").rglob("*.py"), *(ROOT / "workflow/scripts").glob("*.py")]
BENCHMARKS = [*(ROOT / "benchmarks").rglob("*.py")]
DO = (
    "Add|Allow|Annotate|Base|Break|Call|Change|Check|Choose|Compute|Convert|Correct|Count|Delete|Divide|"
    "Do not|Download|Export|Fetch|Free|Gather|Get|Give|Install|Keep|Lay|Leave|Let|Load|Look|Lower|Make|Mend|"
    "Merge|Move|Name|Open|Pack|Pay|Predict|Prepare|Put|Raise|Remove|Rename|Run|Say|See|Set|Start|Take|Train|"
    "Try|Upload|Use|Write"
)
# What is to be done, asked whether it was, or what may be done.
ASKS = re.compile(
    rf"[.?:;,…)`}}] (?:(?:{DO}|Known|Was the|Did you|It may|A line has|else fetch)\b|`)", re.IGNORECASE
)
COUNTED = (
    "annotation|answer|baseline|character|column|comment|comparison|core|document|example|file|image|job|label|"
    "line|model|page|panel|picture|post|row|run|seed|sentence|subword|table|tensor|text|token|word|entitie|entrie"
)
PLURAL = re.compile(rf"(?:(?!over)[a-z]+ )?(?:{COUNTED})s\b(?!/)")
NO_COUNTS = {"seeds", "split", "theirs"}  # words, or constants larger than one


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("post",), "0 posts"),
        (1, ("post",), "1 post"),
        (2, ("post",), "2 posts"),
        (1234, ("entity", "entities"), "1,234 entities"),
        (1, ("run is", "runs are"), "1 run is"),
    ],
)
def test_a_quantity_is_told_in_the_number_that_it_has(number: int, words: tuple[str, ...], said: str) -> None:
    assert quantity(number, *words) == said


def test_no_message_puts_a_plural_after_a_number_that_may_be_one() -> None:
    assert not [f"{file}:{place}" for file in SOURCES for place in plurals(ast.parse(file.read_text()))]


def test_every_error_says_what_to_do() -> None:
    trees = {file: ast.parse(file.read_text()) for file in [*SOURCES, *BENCHMARKS]}
    assert not [f"{file}:{place}" for file, tree in trees.items() for place in without_remedy(tree)]


def without_remedy(tree: ast.Module) -> list[str]:
    """Where an error's message neither says what to do nor ends in a sentence from elsewhere."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and called(node) in ("UserError", "ArgumentTypeError"):
            said = words(node.args[0])
            if not (ASKS.search(said) or said.endswith("{}") or re.fullmatch(r"(\S+ ?)?{}\.", said)):
                found.append(f"{node.lineno}: {said}")
    return found


def called(node: ast.Call) -> str:
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def words(node: ast.expr) -> str:
    """A message, its values as ``{}``."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(words, node.values))
    return words(node.left) + words(node.right) if isinstance(node, ast.BinOp) else "{}"


def plurals(tree: ast.Module) -> list[str]:
    """Where a plural follows a number in a message."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            for before, after in pairwise(node.values):
                if isinstance(before, ast.FormattedValue) and isinstance(after, ast.Constant):
                    plural = after.value.startswith(" ") and PLURAL.match(after.value[1:])
                    if plural and may_be_one(before.value):
                        found.append(f"{node.lineno}: {after.value}")
        elif isinstance(node, ast.Constant) and re.search(f"%d {PLURAL.pattern}", str(node.value)):
            found.append(f"{node.lineno}: {node.value}")
    return found


def may_be_one(value: ast.expr) -> bool:
    """Whether it is a number that may be one, as far as its name tells."""
    return not isinstance(value, ast.IfExp) and not (
        isinstance(value, ast.Name) and (value.id.isupper() or value.id in NO_COUNTS)
    )
