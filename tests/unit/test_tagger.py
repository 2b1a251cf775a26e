"""Every combination of encoders and fusions: gradients, padding, saving; each encoder's own promises."""

import re
from itertools import product
from pathlib import Path
from types import ModuleType

import numpy
import pytest
import torch
import transformers
from tiny_run import pretrained

from mnerflow.config import ImageConfig, PartConfig, RunConfig
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.models.fusions import Sizes
from mnerflow.models.fusions.cross_attention import CrossAttention
from mnerflow.models.fusions.linear import Linear
from mnerflow.models.image_encoders.augment import Augment
from mnerflow.models.layer_prefix import LayerPrefix
from mnerflow.models.tagger import Tagger, load_tagger, new_tagger
from mnerflow.models.text_encoders.language_model import Config as LanguageModelConfig
from mnerflow.models.text_encoders.language_model import LanguageModel
from mnerflow.models.text_encoders.transformer import Config, Transformer
from mnerflow.models.two_towers import TwoTowers
from mnerflow.record import Unread
from mnerflow.training.inputs import Inputs
from mnerflow.training.predict import predict

PIXELS = numpy.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=numpy.uint8)
ROWS = [[1, 2], [2], []]
CNN = ImageConfig("cnn", {"channels": [4, 4, 4, 4, 6], "stem": [3, 1], "dropout": 0.0}, size=32)
VIT_SIZES = {"patch_size": 8, "embed_dim": 12, "depth": 1, "num_heads": 2}
VIT = ImageConfig("timm", {"model": "vit_tiny_patch16_224", "arguments": VIT_SIZES}, size=32)
IMAGE_ENCODERS = {"cnn": CNN, "timm": VIT}
FUSIONS = ("linear", "cross_attention", "partial_prediction", "gated")


def config(fusion: str, text: str | None, image: str | None, weights: Path, **more) -> RunConfig:
    return RunConfig(
        entity_types=("PER", "LOC"),
        seed=1,
        fusion=PartConfig(fusion),
        text_encoder=PartConfig(text, weights=pretrained(text, weights)) if text else None,
        image_encoder=IMAGE_ENCODERS[image] if image else None,
        **more,
    )


def make(run: RunConfig, posts: list[Post]) -> tuple[Tagger, Inputs]:
    torch.manual_seed(0)
    tagger = new_tagger(run, posts, 0)
    images = (PIXELS, ROWS) if run.image_encoder else (None, ())
    return tagger, Inputs(posts, tagger, run.contexts, *images)


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frozen weights in fp32, whatever the processor is fast at."""
    dtype = "mnerflow.models.text_encoders.language_model.autocast_dtype"
    monkeypatch.setattr(dtype, lambda device: torch.float32)


COMBINATIONS = [
    *(("text_only", text, None) for text in ("transformer", "bilstm")),
    *(("image_only", None, image) for image in IMAGE_ENCODERS),
    *((fusion, "bilstm", "cnn") for fusion in FUSIONS),
    *((fusion, "transformer", "timm") for fusion in (*FUSIONS, "prefix")),
    ("text_only", "language_model", None),
    ("linear", "language_model", "cnn"),
    ("prefix", "language_model", "cnn"),
]
DECODERS = ("softmax", "crf", "span")


@pytest.mark.parametrize(
    ("fusion", "text", "image", "decoder"),
    [
        *((*parts, "softmax") for parts in COMBINATIONS),
        *((*parts, decoder) for parts in COMBINATIONS if "bilstm" in parts for decoder in DECODERS[1:]),
        *(("image_only", None, "cnn", decoder) for decoder in DECODERS[1:]),
        *(("prefix", "transformer", "timm", decoder) for decoder in DECODERS[1:]),
    ],
)
def test_gradients_padding_and_saving(
    fusion, text, image, decoder, tiny_bert: Path, tiny_llama: Path, exact, posts, tmp_path: Path
) -> None:
    weights = tiny_llama if text == "language_model" else tiny_bert
    run = config(fusion, text, image, weights, decoder=PartConfig(decoder))
    tagger, inputs = make(run, posts)

    tagger.loss(inputs.batch([0, 1, 2])).backward()
    trained = {name: weight for name, weight in tagger.named_parameters() if weight.requires_grad}
    assert [name for name, weight in trained.items() if weight.grad is None] == []
    assert all(torch.isfinite(weight.grad).all() for weight in trained.values())
    with torch.no_grad():
        for weight in trained.values():
            weight -= 0.01 * weight.grad  # so that saving has something to keep

    tagger.eval()
    with torch.no_grad():
        together = tagger(inputs.batch([0, 1, 2]))
        for index in range(len(posts)):
            alone = tagger(inputs.batch([index]))[0]
            same = together[index][tuple(map(slice, alone.shape))]
            if decoder == "span":  # what ends behind the post means nothing
                inside = torch.arange(len(alone)).unsqueeze(1) + torch.arange(alone.shape[1]) < len(alone)
                same, alone = same[inside], alone[inside]
            torch.testing.assert_close(same, alone, atol=1e-5, rtol=1e-4)

        tagger.save(tmp_path / "model.safetensors")
        again = load_tagger(run, tmp_path / "model.safetensors", 0).eval()
        inputs_again = Inputs(posts, again, run.contexts, *((PIXELS, ROWS) if image else (None, ())))
        assert torch.equal(again(inputs_again.batch([0, 1, 2])), together)


def test_a_damaged_model_is_a_clear_error(tiny_bert: Path, posts, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"not a model")
    with pytest.raises(UserError, match="not a readable model"):
        load_tagger(config("text_only", "bilstm", None, tiny_bert), path, 0)


def test_an_unknown_option_of_a_fusion_is_a_clear_error(tiny_bert: Path, posts) -> None:
    run = RunConfig(("PER",), 1, PartConfig("text_only", {"dropuot": 0.5}), PartConfig("bilstm"))
    with pytest.raises(UserError, match="dropuot"):
        new_tagger(run, [Post("1", ["a"], ["O"])], 0)


@pytest.mark.parametrize(("fusion", "image"), [("linear", False), ("text_only", True), ("image_only", True)])
def test_a_fusion_that_is_not_given_what_it_reads_is_a_clear_error(fusion: str, image: bool, posts) -> None:
    run = RunConfig(("PER",), 1, PartConfig(fusion), PartConfig("bilstm"), CNN if image else None)
    with pytest.raises(
        UserError, match=f"fusion '{fusion}': it reads .*, but is given .* Correct its `inputs`"
    ):
        new_tagger(run, posts, 0)


def test_linear_fusion_by_hand() -> None:
    linear = Linear(Sizes(words=1, patches=2, tags=2), dropout=0.0)
    words, patches = torch.tensor([[[1.0], [4.0]]]), torch.tensor([[[0.0, 2.0], [2.0, 4.0], [9.0, 9.0]]])
    fused = linear(words, torch.ones(1, 2).bool(), patches, torch.tensor([[True, True, False]]))
    # The two seen patches have the mean (1, 3), which the norm turns into (-1, 1).
    expected = torch.tensor([[[1.0, -1.0, 1.0], [4.0, -1.0, 1.0]]])
    torch.testing.assert_close(fused, expected, atol=1e-4, rtol=1e-4)


def test_words_attend_to_the_patches_that_are_there_or_to_nothing() -> None:
    torch.manual_seed(0)
    fusion = CrossAttention(Sizes(4, 6, 3), d_model=8, heads=2).eval()
    words, patches = torch.randn(3, 2, 4), torch.randn(3, 3, 6)
    words[1], patches[1, :2] = words[0], patches[0, :2]
    seen = torch.tensor([[True, True, False], [True, True, False], [False, False, False]])
    fused = fusion(words, torch.ones(3, 2).bool(), patches, seen)
    torch.testing.assert_close(fused[0], fused[1], msg="a hidden patch makes no difference")
    assert (fusion.image_weight[:2] > 0).all() and (fusion.image_weight[:2] < 1).all()
    assert fusion.image_weight[2].tolist() == [0, 0], "no image, no attention on it"


def test_how_much_image_a_word_let_in_is_kept(tiny_bert: Path, posts) -> None:
    for fusion, kept in (("gated", True), ("cross_attention", True), ("linear", False)):
        tagger, inputs = make(config(fusion, "bilstm", "cnn", tiny_bert), posts)
        predictions, _ = predict(tagger, inputs, 4)
        if kept:
            assert [len(p.image_weight) for p in predictions] == [5, 2, 3]
            assert all(0 < weight < 1 for weight in predictions[0].image_weight)
            assert predictions[2].image_weight == [0, 0, 0], "it has no image"
        else:
            assert predictions[0].image_weight is None


def transformer(folder: Path, **options) -> Transformer:
    return Transformer.create(Config(**options), folder, []).eval()


def test_a_plain_post_is_what_the_tokenizer_makes_of_it(tiny_bert: Path) -> None:
    encoder = transformer(tiny_bert)
    [text] = encoder.encode([Post("1", ["Ann", "sings", "in", "Romes"], ["O"] * 4)], contexts=())
    assert text.windows == [encoder.tokenizer.pretrained("ann sings in romes")["input_ids"]]
    assert text.subwords == [1, 1, 1, 2]


def test_a_word_that_the_tokenizer_deletes_becomes_unknown(tiny_bert: Path) -> None:
    encoder = transformer(tiny_bert)
    [text] = encoder.encode([Post("1", ["in", "\ufe0f", "in"], ["O"] * 3)], contexts=())
    assert text.windows[0][2] == encoder.tokenizer.pretrained.unk_token_id
    assert text.subwords == [1, 1, 1]


@pytest.mark.parametrize(("pooling", "expected"), [("first", 10.0), ("last", 30.0), ("mean", 20.0)])
def test_pooling_of_subwords(pooling: str, expected: float, tiny_bert: Path, monkeypatch) -> None:
    encoder = transformer(tiny_bert, pooling=pooling)
    [text] = encoder.encode([Post("1", ["in", "Romes"], ["O", "O"])], contexts=())
    hidden = torch.tensor([[[0.0], [5.0], [10.0], [30.0], [0.0]]])  # [CLS] in rome ##s [SEP]
    output = type("Output", (), {"last_hidden_state": hidden})
    monkeypatch.setattr(encoder.model, "forward", lambda **inputs: output)
    assert encoder(encoder.collate([text])).flatten().tolist() == [5.0, expected]


def test_a_long_post_is_read_in_windows_and_every_word_once(tiny_bert: Path) -> None:
    encoder = transformer(tiny_bert)  # 16 positions, two of them special
    words = ["a", "b", "c"] * 10
    [text] = encoder.encode([Post("1", words, ["O"] * 30)], contexts=())
    assert len(text.windows) > 2 and max(map(len, text.windows)) <= 16
    read = [text.windows[window][position] for [(window, position)] in text.words]
    assert read == encoder.tokenizer.pretrained(" ".join(words), add_special_tokens=False)["input_ids"]
    assert encoder(encoder.collate([text])).shape == (1, 30, 8)


def test_the_unknown_subword_may_be_the_first_of_the_vocabulary(tiny_bert: Path) -> None:
    encoder = Transformer.restore(Config(), tiny_bert, {})
    encoder.tokenizer.pretrained.unk_token = "[PAD]"
    [text] = encoder.encode([Post("1", ["\ufe0f"], ["O"])], contexts=())
    assert text.windows == [[2, 0, 3]]


def test_a_caption_is_a_second_segment_that_is_not_tagged(tiny_bert: Path, posts) -> None:
    encoder = transformer(tiny_bert)
    batch = encoder.collate(encoder.encode(posts[1:2], contexts=("caption",)))
    assert encoder.tokenizer.pretrained.decode(batch["input_ids"][0]) == "[CLS] in rome [SEP] c [SEP]"
    assert batch["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1]]
    assert encoder(batch).shape == (1, 2, 8)


def test_only_the_upper_layers_are_trained_where_asked(tiny_bert: Path) -> None:
    encoder = transformer(tiny_bert, trained_layers=1)
    trained = {
        name.split(".")[2] for name, weight in encoder.model.named_parameters() if weight.requires_grad
    }
    assert trained == {"1"}


def test_upper_layers_are_left_out_where_asked(tiny_bert: Path) -> None:
    whole, cut = transformer(tiny_bert), transformer(tiny_bert, layers=1)
    inner = whole.model(torch.tensor([[2, 5, 3]]), output_hidden_states=True).hidden_states[1]
    assert torch.equal(cut.model(torch.tensor([[2, 5, 3]])).last_hidden_state, inner)
    with pytest.raises(UserError, match="trained_layers is 2, but BertModel has 1 layer here"):
        transformer(tiny_bert, layers=1, trained_layers=2)


def language_model(folder: Path, **options) -> LanguageModel:
    return LanguageModel.create(LanguageModelConfig(**options), folder, []).eval()


def test_a_bidirectional_language_model_sees_the_words_to_the_right(tiny_llama: Path, exact, posts) -> None:
    changed = [Post("1", ["Ann", "sings", "in", "Rome", "!!"], ["O"] * 5)]
    for attention, same in (("causal", True), ("bidirectional", False)):
        encoder = language_model(tiny_llama, attention=attention)
        first, second = (
            encoder(encoder.collate(encoder.encode(p, contexts=())))[0] for p in (posts[:1], changed)
        )
        assert torch.equal(first[0], second[0]) == same
        assert not torch.equal(first[4], second[4])


def test_a_causal_language_model_is_the_pretrained_one(tiny_llama: Path, exact) -> None:
    from transformers import AutoModel

    encoder = language_model(tiny_llama, attention="causal")
    [text] = encoder.encode([Post("1", ["ann", "sings"], ["O", "O"])], contexts=())
    assert encoder.tokenizer.pretrained.convert_ids_to_tokens(text.windows[0]) == ["Ġann", "Ġsings"]
    pretrained = AutoModel.from_pretrained(tiny_llama).eval()
    expected = pretrained(torch.tensor(text.windows)).last_hidden_state
    torch.testing.assert_close(encoder(encoder.collate([text])), expected, atol=1e-6, rtol=1e-5)


def test_only_adapters_and_head_are_saved(tiny_llama: Path, posts) -> None:
    tagger, _ = make(config("text_only", "language_model", None, tiny_llama), posts)
    parts = {name.split(".")[0] for name in tagger.trained_state()}
    adapters = [name for name in tagger.trained_state() if name.startswith("encoder")]
    assert parts == {"encoder", "decoder"}
    assert adapters and all("lora" in name for name in adapters)


def test_a_prefix_changes_what_words_see_but_not_where_they_stand(tiny_bert: Path) -> None:
    encoder = transformer(tiny_bert).eval()
    text = encoder.collate(encoder.encode([Post("1", ["Ann", "sings"], ["O", "O"])], contexts=()))
    alone = encoder(text)
    prefix = LayerPrefix(torch.randn(2, 2, 1, 2, 3, 4), torch.tensor([True]))
    assert not torch.allclose(encoder(text, prefix), alone)
    torch.testing.assert_close(encoder(text, LayerPrefix(prefix.keys_values, torch.tensor([False]))), alone)


def test_a_prefix_hides_where_attention_is_not_fused(tiny_bert: Path, tmp_path: Path) -> None:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = transformers.MegatronBertModel(transformers.MegatronBertConfig(vocab_size=40, **sizes))
    model.save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path)
    encoder = transformer(tmp_path).eval()
    text = encoder.collate(encoder.encode([Post("1", ["Ann", "sings"], ["O", "O"])], contexts=()))
    hidden = LayerPrefix(torch.randn(1, 2, 1, 2, 3, 4), torch.tensor([False]))
    torch.testing.assert_close(encoder(text, hidden), encoder(text))


def test_casings_fit_embeddings_that_are_narrower_than_layers(tiny_bert: Path, tmp_path: Path) -> None:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.ElectraConfig(vocab_size=40, embedding_size=4, **sizes)
    transformers.ElectraModel(config).save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path)
    encoder = transformer(tmp_path, casing=True)
    text = encoder.collate(encoder.encode([Post("1", ["Ann", "sings"], ["O", "O"])], contexts=()))
    assert encoder(text).shape == (1, 2, 8)


def test_an_encoder_with_a_decoder_is_refused(tiny_bert: Path, tmp_path: Path) -> None:
    sizes = {"d_model": 8, "encoder_ffn_dim": 8, "decoder_ffn_dim": 8, "vocab_size": 30}
    sizes |= {"encoder_layers": 1, "decoder_layers": 1}
    sizes |= {"encoder_attention_heads": 1, "decoder_attention_heads": 1}
    transformers.BartModel(transformers.BartConfig(**sizes)).save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="bart has a decoder, too"):
        transformer(tmp_path)


def test_a_prefix_needs_layers_that_read_it(tiny_bert: Path, posts) -> None:
    with pytest.raises(UserError, match=r"prefix.*needs a text encoder whose layers read"):
        make(config("prefix", "bilstm", "cnn", tiny_bert), posts)


def test_the_bilstm_knows_the_words_of_training_alone_and_reads_stems(tiny_bert: Path) -> None:
    run = config("text_only", "bilstm", None, tiny_bert)
    training = [Post("1", ["running", "home"], ["O", "O"], forms=["run", "home"])] * 2
    tagger, _ = make(run, training)
    assert set(tagger.encoder.text.vocabulary.words) == {"run", "home"}
    new = Post("2", ["runs", "away"], ["O", "O"], forms=["run", "away"], contexts={"caption": "runs"})
    [seen] = tagger.encoder.text.encode([new], ())
    assert seen.windows == [[tagger.encoder.text.vocabulary.words["run"], 1]]
    with pytest.raises(UserError, match="Leave the filter 'stem' out for variants with contexts"):
        tagger.encoder.text.encode([new], ("caption",))


@pytest.mark.parametrize("kind", ["bilstm", "transformer"])
def test_only_words_that_are_read_count_as_unknown(tiny_bert: Path, kind: str) -> None:
    new = Post("1", ["in", "我", "我"], ["O", "O", "O"], dropped=[1])
    tagger, _ = make(config("text_only", kind, None, tiny_bert), [Post("0", ["in"], ["O"])] * 2)
    assert Inputs([new], tagger).unread == Unread(posts=1, tokens=2, unknown=1, windowed=0)
    stemmed = Post("1", ["in", "我"], ["O", "O"], forms=["in", "in"])
    assert Inputs([stemmed], tagger).unread.unknown == {"bilstm": 0, "transformer": 1}[kind]


def test_augmented_images_are_mirrored_and_moved_and_only_in_training() -> None:
    torch.manual_seed(0)
    pixels, augment = torch.randint(256, (20, 10, 20, 3), dtype=torch.uint8), Augment()
    ways = [*product((False, True), range(-1, 2), range(-2, 3))]  # a tenth of each side at most
    seen = []
    for image, changed in zip(pixels, augment(pixels), strict=True):
        [way] = [
            (mirror, down, right)
            for mirror, down, right in ways
            if torch.equal((image.flip(1) if mirror else image).roll((down, right), (0, 1)), changed)
        ]
        seen.append(way)
    assert [*map(set, zip(*seen, strict=True))] == [{False, True}, {-1, 0, 1}, {-2, -1, 0, 1, 2}]
    assert augment.eval()(pixels) is pixels


def test_the_recipe_of_a_text_encoder_reads_words(tiny_bert: Path, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/extend.md").read_text(encoding="utf-8")
    [code] = re.findall(r"text_encoders/hashed\.py`:\n\n```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    module = ModuleType("hashed")
    exec(code, module.__dict__)
    text = module.Hashed.create(module.Config(size=8), None, [])
    posts = [Post("1", ["Rome", "in", "rome"], ["O"] * 3, dropped=[1]), Post("2", ["in"], ["O"])]
    encoder = TwoTowers(text, None)
    collated = encoder.collate(encoder.encode(posts, ()), [0, 0])
    words = encoder.text(collated)
    assert words.shape == (2, 2, 8) and torch.equal(words[0, 0], words[0, 1]) and not words[1, 1].any()
