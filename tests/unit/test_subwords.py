"""Words cut one by one are cut as in running text, whatever the tokenizer."""

import shutil
from pathlib import Path

import pytest
from text_families import save_tiny
from tokenizer_kinds import KINDS, cut_as_running_text, tiny_tokenizer

from mnerflow.models.text_encoders.transformer import Config, Transformer

REAL = Path(__file__).parents[3] / "shared/models/multilingual-e5-small-latin"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_tiny("bert", tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_words_are_cut_as_in_running_text(kind: str, folder: Path) -> None:
    tiny_tokenizer(kind).save_pretrained(folder)
    cut_as_running_text(folder)


@pytest.mark.skipif(not REAL.is_dir(), reason="weights that lie beside the project")
def test_a_real_vocabulary_cuts_words_as_in_running_text(folder: Path) -> None:
    for file in REAL.glob("*token*"):
        shutil.copy(file, folder)
    cut_as_running_text(folder)


def test_words_keep_the_space_that_a_vocabulary_without_a_dummy_prefix_knows(folder: Path) -> None:
    tiny_tokenizer("BPE with byte fallback, as Gemma").save_pretrained(folder)
    encoder = Transformer.restore(Config(), folder, {})
    words = encoder._cut([encoder._space + word for word in ("went", "to", "Rome")])
    assert [encoder.tokenizer.convert_ids_to_tokens(word) for word in words] == [
        ["▁went"],
        ["▁to"],
        ["▁Rome"],
    ]
