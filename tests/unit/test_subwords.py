"""Words cut one by one are cut as in running text, whatever the tokenizer."""

from pathlib import Path

import pytest
from text_families import save_tiny
from tokenizer_kinds import KINDS, cut_as_running_text, tiny_tokenizer
from transformers import AutoTokenizer

from mnerflow.models.text_encoders.transformer import Config, Transformer

REAL = Path(__file__).parents[3] / "shared/models/multilingual-e5-small-latin"


@pytest.mark.parametrize("kind", KINDS)
def test_words_are_cut_as_in_running_text(kind: str, tmp_path: Path) -> None:
    save_tiny("bert", tmp_path, tiny_tokenizer(kind))
    cut_as_running_text(tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="weights that lie beside the project")
def test_a_real_vocabulary_cuts_words_as_in_running_text(tmp_path: Path) -> None:
    save_tiny("bert", tmp_path, AutoTokenizer.from_pretrained(REAL))
    cut_as_running_text(tmp_path)


def test_words_keep_the_space_that_a_vocabulary_without_a_dummy_prefix_knows(tmp_path: Path) -> None:
    save_tiny("bert", tmp_path, tiny_tokenizer("BPE with byte fallback, as Gemma"))
    encoder = Transformer.restore(Config(), tmp_path, {})
    words = encoder.tokenizer.cut([encoder.tokenizer.space + word for word in ("went", "to", "Rome")])
    assert [encoder.tokenizer.pretrained.convert_ids_to_tokens(word) for word in words] == [
        ["▁went"],
        ["▁to"],
        ["▁Rome"],
    ]
