"""Tiny tokenizers of each kind, and whether they split single words as they do in running text."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from page import table, verdict
from text_families import save_tiny
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from mnerflow.models.text_encoders.transformer import Config, Transformer

TEXTS = ["Ann went to Rome and on to Naples", "so we went to Rome", "went to Rome"] * 20
SPECIAL = ["<unk>", "<pad>", "<s>", "</s>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def _wordpiece() -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        TEXTS, trainers.WordPieceTrainer(special_tokens=SPECIAL, show_progress=False)
    )
    return tokenizer


def _byte_level(prefix: bool) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def _metaspace(model: str, scheme: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>") if model == "BPE" else models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    shared = {"special_tokens": SPECIAL, "show_progress": False}
    if model == "BPE":
        trainer = trainers.BpeTrainer(**shared)
    else:
        trainer = trainers.UnigramTrainer(unk_token="<unk>", vocab_size=60, **shared)
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def _byte_fallback(prepend: bool) -> Tokenizer:
    """A tokenizer without words, as in Llama 2 (with a space before the text) and Gemma (without one)."""
    learnt = Tokenizer(models.BPE(unk_token="<unk>"))
    learnt.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(special_tokens=[*SPECIAL, *BYTES], show_progress=False)
    learnt.train_from_iterator(TEXTS, trainer)
    learnt.model.byte_fallback, learnt.model.fuse_unk = True, True
    learnt.pre_tokenizer = pre_tokenizers.Split(Regex("▁"), "merged_with_next")
    spaces = normalizers.Replace(" ", "▁")
    learnt.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), spaces]) if prepend else spaces
    return learnt


KINDS: dict[str, Callable[[], Tokenizer]] = {
    "WordPiece": _wordpiece,
    "byte-level BPE": lambda: _byte_level(False),
    "byte-level BPE with a space before the text": lambda: _byte_level(True),
    **{
        f"SentencePiece {model}, space before the text: {scheme}": lambda m=model, s=scheme: _metaspace(m, s)
        for model in ("Unigram", "BPE")
        for scheme in ("always", "first", "never")
    },
    "BPE with byte fallback, as Llama 2": lambda: _byte_fallback(True),
    "BPE with byte fallback, as Gemma": lambda: _byte_fallback(False),
}
SENTENCES = [
    "went to Rome",
    "Ann went to Rome and on to Naples",
    "a b",
    "Řím a Plzeň",
    "we're #here @Ann http://x.y/z 12,5 %",
    "I 😀 Rome",
]


def tiny_tokenizer(kind: str) -> PreTrainedTokenizerFast:
    """A tokenizer of one of ``KINDS``, trained on a few sentences."""
    names = dict(zip(("unk_token", "pad_token", "bos_token", "eos_token"), SPECIAL, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=KINDS[kind](), **names)


def cut_as_running_text(folder: Path) -> None:
    """Compare how an encoder splits words and running text; raises ``AssertionError`` if they differ."""
    encoder = Transformer.restore(Config(), folder, {})
    tokenizer = encoder.tokenizer
    names = tokenizer.pretrained.convert_ids_to_tokens
    for sentence in SENTENCES:
        words = tokenizer.cut([tokenizer.space + word for word in sentence.split(" ")])
        [running] = tokenizer.cut([tokenizer.space + sentence])
        cut = names([piece for word in words for piece in word])
        assert cut == names(running), f"{sentence!r} is cut {' | '.join(cut)}, as text {names(running)}"


def sections() -> list[str]:
    """Sections of the page in Markdown."""
    found = []
    for kind in KINDS:
        with TemporaryDirectory() as folder:
            save_tiny("bert", Path(folder), tiny_tokenizer(kind))
            found.append(verdict(kind, lambda folder=folder: cut_as_running_text(Path(folder))))
    return [table("Tokenizers: words are cut as in running text", found)]
