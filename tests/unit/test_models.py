"""Encoders read whatever model folder they are given; fusions compute what they say."""

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from tiny_run import pretrained
from torch import Tensor

from mnerflow import registry
from mnerflow.config import ImageConfig, PartConfig, RunConfig, build
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.models.decoders import Decoder
from mnerflow.models.decoders.crf import CRF
from mnerflow.models.decoders.softmax import Softmax
from mnerflow.models.fusions import Fusion, Sizes
from mnerflow.models.fusions.image_only import ImageOnly
from mnerflow.models.fusions.partial_prediction import PartialPrediction
from mnerflow.models.image_encoders import Features, new_image_encoder
from mnerflow.models.tagger import load_tagger, new_tagger
from mnerflow.models.text_encoders._contexts import shares
from mnerflow.models.text_encoders._probe import probe
from mnerflow.models.text_encoders.bilstm import LONGEST_WORD, BiLSTM, Vocabulary
from mnerflow.models.text_encoders.bilstm import Config as BiLSTMConfig
from mnerflow.models.text_encoders.transformer import Config, Transformer
from mnerflow.record import Unread
from mnerflow.training.inputs import Inputs

TINY = {"vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
TINY |= {"intermediate_size": 16}
VIT = {"model": "vit_tiny_patch16_224", "arguments": {"embed_dim": 12, "depth": 1, "num_heads": 2}}
CNN = {"channels": [4, 4, 4, 4, 6], "stem": [3, 2], "dropout": 0.0}
PIXELS = numpy.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=numpy.uint8)


def post(*tokens: str, **more) -> Post:
    return Post("1", list(tokens), ["O"] * len(tokens), **more)


def set_weights(module: torch.nn.Module, **values: Tensor) -> None:
    """Set a module's weights by hand: those named, all others to zero."""
    with torch.no_grad():
        for name, weight in module.named_parameters():
            weight.copy_(values.pop(name.replace(".", "_"), torch.zeros_like(weight)))
    assert not values


def test_image_only_by_hand() -> None:
    fusion = ImageOnly(Sizes(words=0, patches=2, tags=1), positions=2, hidden=1, dropout=0.0).eval()
    set_weights(
        fusion,
        image_0_weight=torch.ones(2),
        image_1_weight=torch.tensor([[0.0, 1.0]]),
        position_weight=torch.tensor([[0.0], [10.0]]),
    )
    patches = torch.tensor([[[1.0, 3.0], [7.0, -7.0]], [[5.0, 5.0], [5.0, 5.0]]])
    patch_mask = torch.tensor([[True, False], [False, False]])
    words = fusion(torch.zeros(2, 3, 0), torch.ones(2, 3).bool(), patches, patch_mask)
    # The norm turns the one seen patch (1, 3) into (-1, 1); without an image, zero. GELU(1) = 0.84134.
    # The third word is beyond the last place and shares it.
    expected = torch.tensor([[[0.84134], [11.0], [11.0]], [[0.0], [10.0], [10.0]]])
    torch.testing.assert_close(words, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("decoder", [Softmax, CRF])
def test_partial_prediction_starts_as_the_product_of_both_predictions(decoder: type[Decoder]) -> None:
    fusion = PartialPrediction(Sizes(words=2, patches=1, tags=2), hidden=1, dropout=0.0)
    set_weights(fusion, text_head_weight=torch.eye(2), image_head_bias=torch.tensor([0.0, 3.0]).log1p())
    head = decoder(fusion.d_model, ["O", "B-X"])
    given = torch.tensor([[[3.0, 1.0]]]).log(), torch.ones(1, 1).bool(), torch.ones(1, 1, 1)
    scores = head(fusion(*given, torch.ones(1, 1).bool()))
    # The text says 3/4 and 1/4, the image 1/5 and 4/5.
    torch.testing.assert_close(scores.exp(), torch.tensor([[[0.75 * 0.2, 0.25 * 0.8]]]))
    with torch.no_grad():
        fusion.fuse[2].bias.copy_(torch.tensor([0.0, 1.0]))
    corrected = head(fusion(*given, torch.ones(1, 1).bool()))
    torch.testing.assert_close(corrected - scores, torch.tensor([[[0.0, 1.0]]]))


@pytest.mark.parametrize(("size", "patches"), [(48, 9), (224, 196)])
def test_a_vision_transformer_gives_its_patches_without_the_class_token(size: int, patches: int) -> None:
    encoder = new_image_encoder(ImageConfig("timm", VIT, size=size)).eval()
    with torch.no_grad():
        assert encoder(torch.zeros(2, size, size, 3, dtype=torch.uint8)).shape == (2, patches, 12)


def test_a_vision_transformer_that_would_not_read_the_border_is_refused() -> None:
    with pytest.raises(UserError, match="cuts patches of 16 pixels, and 100 is no multiple"):
        new_image_encoder(ImageConfig("timm", VIT, size=100))
    padding = VIT["arguments"] | {"dynamic_img_pad": True}
    with pytest.raises(
        UserError, match="'vit_tiny_patch16_224': it fails on a single image of 100 × 100 pixels"
    ):
        new_image_encoder(ImageConfig("timm", VIT | {"arguments": padding}, size=100))
    padding |= {"dynamic_img_size": True}
    encoder = new_image_encoder(ImageConfig("timm", VIT | {"arguments": padding}, size=100))
    assert encoder(torch.zeros(2, 100, 100, 3, dtype=torch.uint8)).shape == (2, 49, 12)


@pytest.mark.parametrize(("size", "patches"), [(48, 4), (224, 49)])
def test_the_alexnet_gives_its_feature_map(size: int, patches: int) -> None:
    encoder = new_image_encoder(ImageConfig("cnn", {"channels": [2, 2, 2, 2, 3]}, size=size)).eval()
    with torch.no_grad():
        assert encoder(torch.zeros(2, size, size, 3, dtype=torch.uint8)).shape == (2, patches, 3)


def test_a_convolutional_timm_model_gives_its_feature_map() -> None:
    encoder = new_image_encoder(ImageConfig("timm", {"model": "resnet10t"}, size=64)).eval()
    with torch.no_grad():
        assert encoder(torch.zeros(1, 64, 64, 3, dtype=torch.uint8)).shape == (1, 4, encoder.d_model)


@pytest.fixture
def vit_folder(tmp_path: Path) -> Path:
    """A small vision transformer as hubs keep one: for 224 pixels, with the classifier it was trained by."""
    import timm

    torch.manual_seed(0)
    model = timm.create_model(VIT["model"], **VIT["arguments"], num_classes=5)
    save_file(model.state_dict(), tmp_path / "model.safetensors")
    return tmp_path


def test_timm_weights_with_a_classifier_are_read_at_any_image_size(vit_folder: Path) -> None:
    from safetensors.torch import load_file

    saved = load_file(vit_folder / "model.safetensors")
    for size in (224, 48):
        encoder = new_image_encoder(ImageConfig("timm", VIT, str(vit_folder), size=size))
        assert torch.equal(encoder.model.blocks[0].attn.qkv.weight, saved["blocks.0.attn.qkv.weight"])
        assert "state_dict" not in encoder.model.pretrained_cfg


def test_timm_weights_of_another_model_are_a_clear_error(vit_folder: Path) -> None:
    deeper = VIT | {"arguments": VIT["arguments"] | {"depth": 2}}
    with pytest.raises(UserError, match="weights are of another model"):
        new_image_encoder(ImageConfig("timm", deeper, str(vit_folder), size=224))
    with pytest.raises(UserError, match="dephth"):
        new_image_encoder(ImageConfig("timm", VIT | {"arguments": {"dephth": 1}}, size=48))
    (vit_folder / "model.safetensors").write_bytes(b"half")
    with pytest.raises(UserError, match="no weights can be read"):
        new_image_encoder(ImageConfig("timm", VIT, str(vit_folder), size=224))


@pytest.mark.parametrize("argument", ["pretrained", "checkpoint_path", "img_size"])
def test_weights_and_size_of_a_timm_model_are_no_arguments(argument: str) -> None:
    arguments = VIT["arguments"] | {argument: "x"}
    with pytest.raises(UserError, match=f"its `arguments` set '{argument}'"):
        new_image_encoder(ImageConfig("timm", VIT | {"arguments": arguments}, size=48))


def test_features_are_computed_with_in_fp32_where_there_is_no_autocast() -> None:
    features = torch.ones(1, 2, 4, dtype=torch.float16)
    assert Features(4)(features).dtype is torch.float32


def save(folder: Path, name: str, **config) -> None:
    """Save a random model of a family into a folder that has a tokenizer."""
    import transformers

    torch.manual_seed(0)
    made = getattr(transformers, f"{name}Config")(**config)
    getattr(transformers, f"{name}Model")(made).save_pretrained(folder)


CAPTIONED = [
    Post("1", ["ann", "sings", "in"], ["O"] * 3, contexts={"caption": caption})
    for caption in ("a", "rome", "b c")
]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("bilstm", {"min_count": 1}),
        ("transformer", {}),
        ("language_model", {"attention": "causal"}),
        ("language_model", {"attention": "bidirectional"}),
    ],
)
def test_words_see_the_caption(kind: str, options: dict, tiny_bert: Path, tiny_llama: Path) -> None:
    weights = pretrained(kind, tiny_llama if kind == "language_model" else tiny_bert)
    run = RunConfig(
        ("PER",), 1, PartConfig("text_only"), PartConfig(kind, options, weights), contexts=("caption",)
    )
    tagger = new_tagger(run, CAPTIONED, 0).eval()
    inputs = Inputs(CAPTIONED, tagger, contexts=("caption",))
    assert inputs.lengths == Inputs(CAPTIONED, tagger).lengths
    with torch.no_grad():
        first, second, third = (tagger.encoder.text(inputs.batch([n]).text)[0] for n in range(3))
    assert first.shape == second.shape == third.shape
    for other in (second, third):
        assert not any(torch.equal(one, its) for one, its in zip(first, other, strict=True))


OCR = Post("1", ["in", "rome"], ["O", "O"], contexts={"ocr": "sings a", "caption": "ann b c"})
BARE = Post("2", ["in"], ["O"])


def read(kind: str, options: dict, weights: Path, contexts: Sequence[str], length: int = 0) -> tuple:
    """What an encoder reads of two posts, and which contexts are cut."""
    part = PartConfig(kind, options, pretrained(kind, weights))
    run = RunConfig(("PER",), 1, PartConfig("text_only"), part)
    encoder = new_tagger(
        run, [Post("0", ["in", "rome", "sings", "a", "ann", "b", "c"], ["O"] * 7)], 0
    ).encoder.text
    one, none = encoder.encode([OCR, BARE], contexts, length)
    assert len(one.words) == 2
    if kind == "bilstm":
        words = {number: word for word, number in encoder.vocabulary.words.items()}
        return *(" ".join(map(words.get, text.windows[0])) for text in (one, none)), one.cut
    return *(encoder.tokenizer.pretrained.decode(text.windows[0]) for text in (one, none)), one.cut


@given(st.lists(st.integers(0, 9), max_size=4), st.integers(0, 30))
def test_contexts_share_a_length_as_equally_as_they_can(lengths: list[int], limit: int) -> None:
    assert shares([2, 100, 100], 11) == [2, 4, 5]
    kept = shares(lengths, limit)
    assert sum(kept) == min(sum(lengths), limit)
    assert all(length_kept <= length for length_kept, length in zip(kept, lengths, strict=True))
    cut = [length_kept for length_kept, length in zip(kept, lengths, strict=True) if length_kept < length]
    assert not cut or min(cut) >= max(kept) - 1


@pytest.mark.parametrize(
    ("kind", "options", "whole", "bare", "length"),
    [
        ("transformer", {}, "[CLS] in rome [SEP] ann b c [SEP] sings a [SEP]", "[CLS] in [SEP]", 0),
        ("language_model", {"attention": "causal"}, " ann b c\n sings a\n in rome", " in", 6),
        ("language_model", {"attention": "bidirectional"}, " in rome\n ann b c\n sings a", " in", 6),
        ("bilstm", {"min_count": 1}, "ann b c sings a in rome", "in", 4),
    ],
)
def test_contexts_are_read_in_order_and_share_the_length(
    kind: str, options: dict, whole: str, bare: str, length: int, tiny_bert: Path, tiny_llama: Path
) -> None:
    weights = tiny_llama if kind == "language_model" else tiny_bert
    contexts = ("caption", "ocr")
    assert read(kind, options, weights, contexts, 9) == (whole, bare, [])
    cut = whole.replace("ann b c", "ann b")
    assert read(kind, options, weights, contexts, length) == (cut, bare, ["caption"])
    assert read(kind, options, weights, ("other",)) == read(kind, options, weights, ())


CONFIGS = Path(__file__).parents[2].glob("config/*.yaml")
TIMM_MODELS = {
    encoder["options"]["model"]
    for file in CONFIGS
    for encoder in yaml.safe_load(file.read_text(encoding="utf-8")).get("image_encoders", {}).values()
    if encoder.get("kind") == "timm"
}


@pytest.mark.parametrize("model", sorted(TIMM_MODELS))
def test_timm_models_of_our_studies_can_be_made(model: str) -> None:
    with torch.device("meta"):
        assert new_image_encoder(ImageConfig("timm", {"model": model}, size=224)).d_model
    with pytest.raises(UserError, match="has no model 'vit_tiny_patch16_225'"):
        new_image_encoder(ImageConfig("timm", {"model": "vit_tiny_patch16_225"}, size=224))


DISTIL = {"dim": 8, "hidden_dim": 16, "n_layers": 1, "n_heads": 2}


XLNET = {"d_model": 8, "n_layer": 1, "n_head": 2, "d_inner": 16, "vocab_size": 30}


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("Deberta", TINY | {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}),
        ("DebertaV2", TINY),
        ("SqueezeBert", TINY | {"embedding_size": 8}),
        ("Electra", TINY),
        ("DistilBert", DISTIL | {"vocab_size": 30}),
        ("Albert", TINY | {"embedding_size": 8, "num_hidden_layers": 2}),
        ("XLNet", XLNET),
    ],
)
def test_other_families_than_bert(name: str, sizes: dict, tiny_bert: Path, tmp_path: Path) -> None:
    Transformer.create(Config(), tiny_bert, []).tokenizer.pretrained.save_pretrained(tmp_path)
    save(tmp_path, name, **sizes)
    shares_layers = name == "Albert"
    if shares_layers:
        with pytest.raises(UserError, match="no one list of 2 layers to choose from"):
            Transformer.create(Config(trained_layers=1), tmp_path, [])
    encoder = Transformer.create(Config(trained_layers=int(not shares_layers)), tmp_path, []).eval()
    batch = encoder.collate(encoder.encode([post("ann", "in", "romes")], contexts=()))
    with torch.autocast("cpu", torch.bfloat16):
        words = encoder(batch)
    assert words.shape == (1, 3, 8) and torch.isfinite(words).all()


@pytest.mark.parametrize(
    ("name", "sizes", "said"),
    [
        ("FNet", {}, "fnet reads padding"),
        ("ConvBert", {"embedding_size": 8}, "convbert reads padding"),
        ("Nystromformer", {"segment_means_seq_len": 64, "num_landmarks": 4}, "nystromformer cannot"),
        ("Yoso", {"max_position_embeddings": 64}, "yoso .*"),
        ("Mra", {"max_position_embeddings": 64}, "mra .*"),
        ("Lilt", {"channel_shrink_ratio": 1}, "lilt cannot compute two short posts and their gradient"),
    ],
)
def test_a_family_that_cannot_tag_a_post_on_its_own_is_refused(
    name: str, sizes: dict, said: str, tiny_bert: Path, tmp_path: Path
) -> None:
    Transformer.restore(Config(), tiny_bert, {}).tokenizer.pretrained.save_pretrained(tmp_path)
    save(tmp_path, name, **TINY | {"initializer_range": 0.5} | sizes)
    with pytest.raises(UserError, match=f"text encoder: {said}"):
        Transformer.create(Config(), tmp_path, [])


def test_big_bird_reads_a_post_the_same_beside_a_long_one(tiny_bert: Path, tmp_path: Path) -> None:
    Transformer.restore(Config(), tiny_bert, {}).tokenizer.pretrained.save_pretrained(tmp_path)
    sizes = {"max_position_embeddings": 256, "block_size": 4, "num_random_blocks": 1}
    save(tmp_path, "BigBird", **TINY | {"initializer_range": 0.5} | sizes)
    encoder = Transformer.restore(Config(), tmp_path, {}).eval()
    encoder.tokenizer.longest = 256
    posts = [post("ann", "in", "rome"), post(*["ann", "in", "rome"] * 20)]
    texts = encoder.encode(posts, contexts=())
    with torch.no_grad():
        batched, alone = encoder(encoder.collate(texts))[0, :3], encoder(encoder.collate(texts[:1]))[0]
    torch.testing.assert_close(batched, alone)


def test_a_probe_leaves_random_numbers_gradients_and_modes_alone(tiny_bert: Path) -> None:
    encoder = Transformer.restore(Config(casing=True), tiny_bert, {})
    encoder.model.encoder.layer[0].train()
    state, modes = torch.get_rng_state(), [module.training for module in encoder.modules()]
    probe(encoder)
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in encoder.modules()] == modes
    assert all(weight.grad is None for weight in encoder.parameters())


def test_weights_saved_in_half_precision_come_back_whole(tiny_bert: Path, tmp_path: Path) -> None:
    tokenizer = Transformer.create(Config(), tiny_bert, []).tokenizer.pretrained
    tokenizer.save_pretrained(tmp_path / "half")
    save(tmp_path / "half", "Bert", **TINY, dtype="float16")
    run = RunConfig(
        ("PER",), 1, PartConfig("text_only"), PartConfig("transformer", weights=str(tmp_path / "half"))
    )
    tagger = new_tagger(run, [], 0)
    with torch.no_grad():
        for weight in tagger.parameters():
            weight += 1e-5  # lost in half precision
    tagger.save(tmp_path / "model.safetensors")
    again = load_tagger(run, tmp_path / "model.safetensors", 0)
    assert all(map(torch.equal, again.state_dict().values(), tagger.state_dict().values()))


def test_byte_level_tokenizers_keep_the_space_before_a_word(tiny_roberta: Path) -> None:
    encoder = Transformer.create(Config(), tiny_roberta, [])
    [text] = encoder.encode([post("Ann", "met", "Rome")], contexts=())
    assert encoder.tokenizer.pretrained.convert_ids_to_tokens(text.windows[0]) == [
        "<s>",
        "ĠAnn",
        "Ġmet",
        "ĠRome",
        "</s>",
    ]


def test_a_word_that_spells_a_special_subword_is_a_word(tiny_bert: Path) -> None:
    encoder = Transformer.create(Config(), tiny_bert, [])
    [text] = encoder.encode([post("a", "[SEP]", "[PAD]")], contexts=())
    special = set(encoder.tokenizer.pretrained.all_special_ids) - {encoder.tokenizer.pretrained.unk_token_id}
    assert special.isdisjoint(text.windows[0][1:-1])


def test_a_piece_of_the_vocabulary_that_is_special_is_unknown_in_a_word(tiny_bert: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁a", -1.0), ("▁", -2.0)]
    tokenizer = Tokenizer(models.Unigram([*pieces, *((letter, -3.0) for letter in "</s>")], unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    encoder = Transformer.restore(Config(), tiny_bert, {})
    names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    encoder.tokenizer.pretrained = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    [text] = encoder.encode([post("a", "</s>")], contexts=())
    assert text.windows == [[4, 5, 3]]


def test_an_uncased_vocabulary_sees_casing_only_where_asked(tiny_bert: Path) -> None:
    posts = [post("ann", "in", "rome"), post("Ann", "in", "ROME")]
    plain, cased = (Transformer.create(Config(casing=on), tiny_bert, []).eval() for on in (False, True))
    lower, mixed = plain(plain.collate(plain.encode(posts, contexts=())))
    assert torch.equal(lower, mixed)
    batch = cased.collate(cased.encode(posts, contexts=()))
    assert batch["casings"].tolist() == [[0, 0, 0, 0, 0], [0, 1, 0, 2, 0]]
    lower_cased, mixed_cased = cased(batch)
    assert torch.equal(lower_cased, lower)
    assert not torch.allclose(mixed_cased, lower_cased)


def test_windows_keep_to_the_positions_of_a_roberta(tiny_roberta: Path) -> None:
    encoder = Transformer.create(Config(), tiny_roberta, []).eval()
    texts = encoder.encode([post(*["Ann", "met"] * 12)], contexts=())
    assert max(map(len, texts[0].windows)) == 12  # of 14 positions two stand for padding
    assert encoder(encoder.collate(texts)).shape == (1, 24, 8)


@pytest.mark.parametrize(("causal", "first", "third"), [(False, 7, 7), (True, 8, 6)])
def test_a_word_is_read_in_the_window_that_shows_more_around_it(
    tiny_bert: Path, causal: bool, first: int, third: int
) -> None:
    encoder = Transformer.create(Config(max_subwords=10), tiny_bert, [])
    encoder.tokenizer.contexts_first = causal
    [text] = encoder.encode([post(*"abcabcabcabcabcabcab")], contexts=())
    # 20 words in windows of 8 that overlap by 2: 0 to 7, 6 to 13 and 12 to 19. Word 6 has one word behind it
    # in the first window and none before it in the second, word 7 one before it there and none behind it
    # here. A causal model sees more words before both of them in the first window.
    assert len(text.windows) == 3
    assert [window for [(window, _)] in text.words] == [0] * first + [1] * 6 + [2] * third
    assert text.words[8] == [(1, 3)]


def test_hidden_tokens_keep_their_number_of_subwords(tiny_bert: Path) -> None:
    posts = [post("in", "romes", "ann", dropped=[1])]
    run = RunConfig(("PER",), 1, PartConfig("text_only"), PartConfig("transformer", weights=str(tiny_bert)))
    inputs = Inputs(posts, new_tagger(run, posts, 0))
    assert inputs.texts[0].windows == [[2, 7, 5, 3]]  # [CLS] in ann [SEP]
    assert inputs.subwords(0) == [1, 2, 1]


def test_contexts_that_may_fill_a_window_are_refused_before_one_does(tiny_bert: Path) -> None:
    encoder = Transformer.create(Config(), tiny_bert, [])  # windows of 16, 3 of them special beside a context
    encoder.encode([post("ann")], ["caption"], length=12)
    with pytest.raises(UserError, match="no room for a word beside"):
        encoder.encode([post("ann")], ["caption"], length=13)


def test_what_an_encoder_cannot_read_is_counted(tiny_bert: Path, caplog: pytest.LogCaptureFixture) -> None:
    posts = [post("in", "我", "ann"), post(*["ann"] * 17)]  # the second is longer than a window
    run = RunConfig(("PER",), 1, PartConfig("text_only"), PartConfig("transformer", weights=str(tiny_bert)))
    inputs = Inputs(posts, new_tagger(run, posts, 0))
    assert inputs.unread == Unread(posts=2, tokens=20, unknown=1, windowed=1)
    with caplog.at_level("INFO"):
        inputs.log_unread("train")
    assert (
        "train: 5.0 % of the tokens hold a subword or character that the encoder does not know" in caplog.text
    )
    assert "train: posts read in windows, as longer than the encoder reads at once: 1 of 2" in caplog.text


def test_a_long_word_is_spelled_by_its_first_characters() -> None:
    posts = [post("x" * LONGEST_WORD + "y", "a")]
    encoder = BiLSTM(BiLSTMConfig(), Vocabulary.of(posts, 1)).eval()
    longer = [post("x" * LONGEST_WORD + "z" * 99, "a")]
    batch = encoder.collate(encoder.encode(longer, contexts=()))
    assert batch["characters"].shape == (1, 2, LONGEST_WORD)
    assert torch.isfinite(encoder(batch)).all()


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (PartConfig("transformer"), "Give it a `source`"),
        (PartConfig("transformer", weights="/nowhere"), "/nowhere: no such folder of weights"),
        (PartConfig("bilstm", {"hiden": 3}), "did you mean 'hidden'"),
        (PartConfig("bilstm", weights="w"), "it learns from scratch and reads no weights"),
        (PartConfig("bilstm", {"dropout": "1e-1"}), "'1e-1' is not a number such as 1.0e-3"),
        (
            PartConfig("transformer", {"pooling": "frist"}),
            "'frist' is not one of first, mean, last",
        ),
        (
            PartConfig("bilstm", {"dropout": 1.5}),
            "text encoder 'bilstm': it cannot be made with these options",
        ),
        (PartConfig("bilstm", {"d_word": -3}), "bilstm.d_word: -3 is not a whole number, 1 or more"),
        (PartConfig("bilstm", {"d_character": 0}), "bilstm.d_character: 0 is not a whole number, 1 or more"),
    ],
)
def test_what_is_wrong_with_an_encoder_is_said_in_words(part: PartConfig, said: str) -> None:
    with pytest.raises(UserError) as error:
        new_tagger(RunConfig(("PER",), 1, PartConfig("text_only"), part), [], 0)
    assert said in str(error.value)


def test_what_is_wrong_with_a_fusion_or_a_model_file_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = {
        name: type(name, (Fusion,), {"__module__": "mnerflow.models.fusions.two"}) for name in ("One", "Two")
    }
    for name, classes in (("empty", {}), ("two", two)):
        module = ModuleType(name)
        vars(module).update(classes)
        monkeypatch.setitem(sys.modules, f"mnerflow.models.fusions.{name}", module)
    known = registry.names_in
    monkeypatch.setattr(registry, "names_in", lambda package: (*known(package), "empty", "two"))
    run = {"entity_types": ["PER"], "seed": 1, "text_encoder": {"kind": "bilstm"}}
    run |= {"image_encoder": {"kind": "cnn", "size": 32}}
    for fusion, said in (
        ({"kind": "cross_attention", "options": {"heads": 7}}, "divisible"),
        ({"kind": "empty"}, "empty.py defines none. Let it define one Fusion."),
        ({"kind": "linaer"}, r"fusion.kind: 'linaer' is not known \(did you mean 'linear'\?\)"),
        ({"kind": "two"}, "two.py defines One, Two. Let it define one Fusion."),
    ):
        with pytest.raises(UserError, match=said):
            new_tagger(build(RunConfig, run | {"fusion": fusion}, "run"), [], 0)
    save_file({"weight": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match="not a readable model"):
        load_tagger(
            build(RunConfig, run | {"fusion": {"kind": "linear"}}, "run"), tmp_path / "model.safetensors", 0
        )


@pytest.mark.parametrize("image", [ImageConfig("cnn", CNN, size=32), ImageConfig("timm", VIT, size=32)])
@pytest.mark.parametrize("text", ["bilstm", "transformer"])
@pytest.mark.parametrize("fusion", ["linear", "cross_attention", "partial_prediction", "gated"])
def test_every_fusion_trains_all_of_every_pair_of_encoders(
    fusion: str, text: str, image: ImageConfig, tiny_bert: Path, posts: list[Post]
) -> None:
    encoder = PartConfig(text, weights=pretrained(text, tiny_bert))
    torch.manual_seed(0)
    tagger = new_tagger(RunConfig(("PER", "LOC"), 1, PartConfig(fusion), encoder, image), posts, 0)
    inputs = Inputs(posts, tagger, images=PIXELS, rows=[[1, 2], [2], []])
    tagger.loss(inputs.batch([0, 1, 2])).backward()
    assert [name for name, weight in tagger.named_parameters() if not weight.grad.any()] == []

    # A batch in which no post at all has an image.
    inputs.rows = [[], [], []]
    tagger.zero_grad()
    loss = tagger.loss(inputs.batch([0, 1, 2]))
    loss.backward()
    gradients = [weight.grad for weight in tagger.parameters() if weight.grad is not None]
    assert torch.isfinite(loss) and all(torch.isfinite(gradient).all() for gradient in gradients)

    # What stands in for an image that is not there changes nothing, not even the statistics of a batch.
    inputs.rows = [[1, 2], [2], []]
    statistics = {name: value.clone() for name, value in tagger.named_buffers() if "running" in name}
    tagger(inputs.batch([0, 1, 2]))
    moved = {name: value.clone() for name, value in tagger.named_buffers() if "running" in name}
    tagger.load_state_dict(statistics, strict=False)
    inputs.images = PIXELS.copy()
    inputs.images[0] = 255
    tagger(inputs.batch([0, 1, 2]))
    assert all(torch.equal(moved[name], value) for name, value in tagger.named_buffers() if name in moved)
    tagger.eval()
    inputs.images, inputs.rows = PIXELS, [[], [], []]
    with torch.no_grad():
        emissions = tagger(inputs.batch([0, 1, 2]))
        inputs.images = 255 - PIXELS
        assert torch.equal(tagger(inputs.batch([0, 1, 2])), emissions)


@pytest.mark.parametrize("text", ["bilstm", "transformer"])
def test_frozen_features_give_the_emissions_of_the_encoder_itself(
    text: str, tiny_bert: Path, posts: list[Post]
) -> None:
    image = ImageConfig("timm", VIT, size=32, frozen=True)
    parts = PartConfig("cross_attention"), PartConfig(text, weights=pretrained(text, tiny_bert))
    torch.manual_seed(0)
    whole = new_tagger(RunConfig(("PER",), 1, *parts, image), posts, 0).eval()
    with torch.no_grad():
        features = whole.encoder.image(torch.from_numpy(PIXELS)).half().numpy()
    short = new_tagger(RunConfig(("PER",), 1, *parts, image), posts, features.shape[-1]).eval()
    short.load_state_dict(whole.state_dict(), strict=False)
    posts = [post(*one.tokens) for one in posts]
    with torch.no_grad():
        pixels, computed = (
            tagger(Inputs(posts, tagger, images=values, rows=[[1, 2], [2], []]).batch([0, 1, 2]))
            for tagger, values in ((whole, PIXELS), (short, features))
        )
    torch.testing.assert_close(computed, pixels, atol=5e-3, rtol=0)
    assert not torch.equal(computed, pixels), "features are stored as fp16"


WORDS = st.lists(st.lists(st.integers(10, 99), min_size=1, max_size=9), min_size=1, max_size=30)


@given(words=WORDS, caption=st.lists(st.integers(100, 109), max_size=9), max_subwords=st.integers(6, 16))
@settings(max_examples=60)
def test_windows_show_every_word_once_and_the_caption_each_time(
    words: list[list[int]], caption: list[int], max_subwords: int, tiny_bert: Path
) -> None:
    encoder = Transformer.create(Config(max_subwords=max_subwords), tiny_bert, [])
    seen = caption[: max_subwords // 4]
    lengths = [len(word) for word in words]
    text, bare = (encoder.tokenizer.lay_out(words, lengths, context, []) for context in (seen, []))
    assert text.length_without_contexts == bare.length
    room = max_subwords - 2 - (len(seen) + 1 if seen else 0)  # [CLS] and [SEP]; a second one ends the caption
    read = [[text.windows[window][position] for window, position in word] for word in text.words]
    assert read == [word[:room] for word in words]
    assert all(len({window for window, _ in word}) == 1 for word in text.words)
    casings = text.extra["casings"]
    assert [{casings[w][p] for w, p in word} for word in text.words] == [{len(word)} for word in words]
    assert [len(row) for row in casings] == [len(window) for window in text.windows]
    end = [3, *seen, 3] if seen else [3]
    assert all(len(window) <= max_subwords and window[-len(end) :] == end for window in text.windows)


@pytest.mark.parametrize(("max_subwords", "contexts"), [(1, ()), (2, ()), (4, ("caption",))])
def test_windows_without_room_for_a_word_are_a_clear_error(
    max_subwords: int, contexts: tuple[str, ...], tiny_bert: Path
) -> None:
    with pytest.raises(UserError, match="max_subwords"):
        encoder = Transformer.create(Config(max_subwords=max_subwords), tiny_bert, [])
        encoder.encode([post("ann", "in", contexts={"caption": "a b"})], contexts)


@pytest.mark.parametrize("other", ["bilstm", "transformer"])
def test_weights_of_another_configuration_are_a_clear_error(
    other: str, tiny_bert: Path, tmp_path: Path
) -> None:
    def run(kind: str, fusion: str = "text_only") -> RunConfig:
        return RunConfig(
            ("PER",), 1, PartConfig(fusion), PartConfig(kind, weights=pretrained(kind, tiny_bert))
        )

    saved = {"bilstm": "transformer", "transformer": "bilstm"}[other]
    path = tmp_path / "model.safetensors"
    new_tagger(run(saved), [post("a")], 0).save(path)
    with pytest.raises(UserError, match="another configuration"):
        load_tagger(run(other), path, 0)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="not a readable model"):
        load_tagger(run(saved), path, 0)
