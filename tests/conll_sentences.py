"""Sentences in CoNLL's columns, just enough to train on."""

from pathlib import Path


def write_sentences(folder: Path, kind: str = "LOC") -> None:
    """Write thirty sentences, each with a person and an entity of this kind, to ``train.conll``."""
    folder.mkdir(exist_ok=True)
    text = "".join(f"Ana{n}\tB-PER\nin\tO\nBrno\tB-{kind}\n\n" for n in range(30))
    (folder / "train.conll").write_text(text, encoding="utf-8")
