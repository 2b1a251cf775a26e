"""The example in docs/metrics.md is what the code computes."""

import re
from pathlib import Path

from mnerflow.data.tags import tag_list
from mnerflow.evaluation.metrics import Sequences, score
from mnerflow.evaluation.predictions import read_tested

DOCS = Path(__file__).parents[2] / "docs/metrics.md"
TAGS = tag_list(["PER", "LOC"])


def test_the_example_of_the_docs(tmp_path):
    text = DOCS.read_text(encoding="utf-8")
    (tmp_path / "example.jsonl").write_text(re.search(r"```json\n(.*?)```", text, re.S)[1], encoding="utf-8")
    predictions = read_tested(tmp_path / "example.jsonl")
    scores = score(predictions, TAGS)
    assert re.findall(r"\*\*(\d\d\.\d\d)\*\*", text) == [
        f"{100 * value:.2f}" for value in (scores.entity_f1, scores.token_macro_f1, scores.subword_macro_f1)
    ]
    for index, tag in enumerate(TAGS[:4]):
        cells = re.search(rf"^\| `{tag}` \| ([^|]+) \| [^|]+ \| ([^|]+) \|", text, re.M).groups()
        for cell, by_subword in zip(cells, (False, True), strict=True):
            matrix = Sequences(predictions, TAGS).confusion(by_subword=by_subword)
            right, gold, predicted = matrix[index, index], matrix[index].sum(), matrix[:, index].sum()
            assert cell == f"{right}, {gold}, {predicted}"
