"""Models small enough for exact tests."""

from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings
from matplotlib.figure import Figure

from mnerflow.data.post import Post
from mnerflow.reporting import style

torch.set_num_threads(1)
# A machine that is busy, and so slow, is no fault of a test.
PATIENT = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("patient", deadline=None, suppress_health_check=PATIENT)
settings.load_profile("patient")
WORDS = ["ann", "sings", "in", "rome", "##s", "a", "b", "c"]


@pytest.fixture(autouse=True)
def same_random_weights() -> None:
    """Every test draws the same weights, whichever tests ran before it."""
    torch.manual_seed(0)


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


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random RoBERTa with a byte-level tokenizer that does not state the maximum length of a text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

    folder = tmp_path_factory.mktemp("tiny_roberta")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.BpeTrainer(
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        vocab_size=300,
        show_progress=False,
    )
    tokenizer.train_from_iterator(["we met Ann in Rome"] * 9, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    sizes |= {"vocab_size": 300, "max_position_embeddings": 14, "pad_token_id": 1}
    RobertaModel(RobertaConfig(**sizes)).save_pretrained(folder)
    return folder


@pytest.fixture
def drawn(monkeypatch) -> list[Figure]:
    """The figures that were saved, with their artists."""
    figures, save = [], style.save
    monkeypatch.setattr(style, "save", lambda figure, stem: (figures.append(figure), save(figure, stem)))
    return figures


@pytest.fixture
def posts() -> list[Post]:
    """Posts of different lengths, with two images, one and none."""
    return [
        Post(
            "1",
            ["Ann", "sings", "in", "Rome", "."],
            ["B-PER", "O", "O", "B-LOC", "O"],
            ["a", "b"],
            {"caption": "a b"},
        ),
        Post("2", ["in", "Rome"], ["O", "B-LOC"], ["b"], {"caption": "c"}),
        Post("3", ["Anns", "\ufe0f", "sings"], ["B-PER", "O", "O"]),
    ]


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random two-layer LLaMA and a byte-level BPE tokenizer that marks words' spaces."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=280, special_tokens=["</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator([" ann sings in rome"] * 9, trainer)
    folder = tmp_path_factory.mktemp("tiny_llama")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}
    sizes |= {"intermediate_size": 16, "max_position_embeddings": 64, "vocab_size": 280}
    LlamaModel(LlamaConfig(**sizes)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def wide_llama(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny LLaMA's tokenizer with matrices that 4-bit weights' blocks of 32 rows fit into."""
    from transformers import AutoTokenizer, LlamaConfig, LlamaModel

    folder = tmp_path_factory.mktemp("wide_llama")
    AutoTokenizer.from_pretrained(tiny_llama).save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}
    LlamaModel(LlamaConfig(**sizes, intermediate_size=64, vocab_size=280)).save_pretrained(folder)
    return folder
