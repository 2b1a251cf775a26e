"""`mnerflow check` proposes a text encoder that can read the posts, and says which line to change."""

import json
from pathlib import Path

import pytest
import yaml

from mnerflow.cli import main
from mnerflow.data.tokenizers import tokenize

SAMPLES = {
    "Chinese": "昨天下午,李明从北京坐火车去上海参加会议,会议由复旦大学主办,许多记者也来了。",
    "Japanese": "昨日、田中さんは東京から京都へ新幹線で行き、大学の会議に出席しました。",
    "German": "Gestern fuhr Anna Novak von Berlin nach Hamburg, wo sie einen Vortrag über die Stadt hielt.",
    "English": "Yesterday Anna Novak went from London to the city of York, and gave a talk on that.",
}


@pytest.mark.parametrize(
    ("language", "encoders", "said"),
    [
        ("Chinese", ["e5"], "100 % of the letters are not Latin"),
        ("Japanese", ["e5"], "100 % of the letters are not Latin"),
        ("German", ["minilm", "e5"], "here 0.0 % of the words are common English ones"),
        ("English", ["minilm"], ""),
    ],
)
def test_the_encoder_can_read_the_language(
    language: str, encoders: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    text = SAMPLES[language]
    tokens = [text[start:end] for start, end in tokenize(text)]
    post = {"tokens": tokens, "labels": ["B-PER", *["O"] * (len(tokens) - 1)]}
    for split, number in {"train": 12, "dev": 2, "test": 2}.items():
        lines = (json.dumps(post | {"id": f"{split}{count}"}) for count in range(number))
        (tmp_path / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert main(["check", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert said in output and ("MiniLM" in output) == (language != "English")
    config = yaml.safe_load(output.partition("FILE`:")[2])
    assert list(config["text_encoders"]) == encoders
    assert config["grid"][0]["text_encoders"] == encoders[:1]
