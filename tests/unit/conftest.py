"""Models small enough to be exact about."""

from pathlib import Path

import pytest
import torch

from mnerflow.data.post import Post

torch.set_num_threads(1)
WORDS = ["ann", "sings", "in", "rome", "##s", "a", "b", "c"]


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random two-layer BERT and its WordPiece tokenizer, as ``from_pretrained`` reads it."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny_bert")
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]), encoding="utf-8")
    BertTokenizerFast(str(vocabulary), model_max_length=16).save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=13, max_position_embeddings=16, **sizes)).save_pretrained(folder)
    return folder


@pytest.fixture
def posts() -> list[Post]:
    """Posts of different length, with two images, one and none."""
    return [
        Post("1", ["Ann", "sings", "in", "Rome", "."], ["B-PER", "O", "O", "B-LOC", "O"], ["a", "b"], "a b"),
        Post("2", ["in", "Rome"], ["O", "B-LOC"], ["b"], "c"),
        Post("3", ["Anns", "\ufe0f", "sings"], ["B-PER", "O", "O"]),
    ]
