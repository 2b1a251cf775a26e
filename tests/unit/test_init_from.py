"""Starting from another run: what is carried over, and that nothing it is tested with was learnt before."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, OpenAIGPTConfig, OpenAIGPTModel

from mnerflow.config import ImageConfig, PartConfig, RunConfig
from mnerflow.data.overlap import check_leak, shared_posts
from mnerflow.data.post import Post, write_posts
from mnerflow.data.tags import tag_list
from mnerflow.errors import UserError
from mnerflow.models.decoders import Decoder
from mnerflow.models.decoders.crf import CRF
from mnerflow.models.decoders.softmax import Softmax, class_weights
from mnerflow.models.decoders.span import Span
from mnerflow.models.init_from import start_from
from mnerflow.models.tagger import new_tagger


def post(name: str, text: str, *images: str) -> Post:
    return Post(name, text.split(), ["O"] * len(text.split()), list(images))


CUT = post("1", "RT @ Ann : see # Rome http://t. co/x , now", "7.jpg")
WHOLE = post("a", "RT @Ann : see #Rome , now http://t.co/y", "7.jpg")
MENDED = post("2", "by Jorn Allan # photo", "8.jpg")
FOREIGN = post("b", "by Jørn Allan #photo http://t.co/z", "8.jpg")
OTHER = post("3", "something else", "8.jpg")


def test_posts_are_the_same_however_they_were_cut() -> None:
    assert shared_posts([CUT, MENDED, OTHER], [WHOLE, FOREIGN]) == [(CUT, WHOLE), (MENDED, FOREIGN)]
    assert shared_posts([post("4", "!"), post("5", "")], [post("c", "?"), post("d", "")]) == []


def test_a_leak_is_refused_or_listed(tmp_path: Path) -> None:
    write_posts(tmp_path / "train.jsonl", [CUT, OTHER])
    write_posts(tmp_path / "test.jsonl", [WHOLE, FOREIGN])
    files = [tmp_path / "train.jsonl"], [tmp_path / "test.jsonl"], tmp_path / "leak.csv"
    with pytest.raises(UserError, match=r"1 post of .*test.jsonl also in .*train.jsonl, such as 'a'"):
        check_leak(*files, allowed=False)
    assert not (tmp_path / "leak.csv").exists()
    assert check_leak(*files, allowed=True) == 1
    assert (tmp_path / "leak.csv").read_text() == "split,id,id_learnt\ntest,a,1\n"


def test_encoders_are_carried_over_and_heads_by_tag() -> None:
    state = {
        "encoder.text.w": torch.zeros(2),
        "image_encoder.w": torch.zeros(2),
        "decoder.head.weight": torch.zeros(3, 2),
        "fusion.hidden": torch.zeros(4, 2),
        "fusion.three": torch.zeros(3),
        "fusion.gate": torch.tensor(0.0),
        "decoder.transitions": torch.zeros(3, 3),
    }
    learnt = {
        "encoder.text.w": torch.ones(2),
        "decoder.head.weight": torch.tensor([[1.0, 1], [2, 2], [3, 3], [4, 4], [5, 5]]),
        "fusion.hidden": torch.ones(6, 2),
        "fusion.three": torch.tensor([1.0, 2, 3]),
        "fusion.gate": torch.tensor(2.0),
        "decoder.transitions": torch.arange(25.0).view(5, 5),
    }
    start_from(state, CRF(2, tag_list(["LOC"])), learnt, tag_list(["PER", "LOC"]))
    assert state["encoder.text.w"].tolist() == [1, 1]
    assert state["image_encoder.w"].tolist() == [0, 0], "the other run had none"
    assert state["decoder.head.weight"].tolist() == [[1, 1], [4, 4], [5, 5]]
    assert state["fusion.hidden"].sum() == 0, "another size, so it stays new"
    assert state["fusion.three"].tolist() == [1, 2, 3], "as many as there are tags, but no tags"
    assert state["fusion.gate"] == 2
    assert state["decoder.transitions"].tolist() == [[0, 3, 4], [15, 18, 19], [20, 23, 24]]


def test_a_span_decoder_is_carried_over_by_type() -> None:
    decoder, other = Span(2, tag_list(["LOC", "ORG"]), hidden=3), Span(2, tag_list(["PER", "LOC"]), hidden=3)
    learnt = {f"decoder.{name}": weight for name, weight in other.state_dict().items()}
    biaffine = decoder.biaffine.detach().clone()
    start_from(
        {f"decoder.{name}": w for name, w in decoder.state_dict().items()}, decoder, learnt, other.tags
    )
    assert torch.equal(decoder.biaffine[0], other.biaffine[1]) and torch.equal(
        decoder.biaffine[1], biaffine[1]
    )
    assert torch.equal(decoder.first[0].weight, other.first[0].weight)


def test_a_decoder_that_does_not_say_what_counts_tags_starts_anew_where_they_differ() -> None:
    class Silent(Softmax):
        def named_axes(self, tags):
            return Decoder.named_axes(self, tags)

    learnt = {"decoder.head.bias": torch.tensor([1.0, 2, 3])}
    for tags, expected in ((["O", "B-X", "I-X"], [1, 2, 3]), (["O", "B-Y", "I-Y"], [0, 0, 0])):
        state = {"decoder.head.bias": torch.zeros(3)}
        start_from(state, Silent(2, tags), learnt, ["O", "B-X", "I-X"])
        assert state["decoder.head.bias"].tolist() == expected


def test_class_weights_are_those_of_the_own_training_posts(tmp_path: Path) -> None:
    weighted = PartConfig("softmax", {"class_weights": 1.0})
    encoder = PartConfig("bilstm", {"min_count": 1})
    first = RunConfig(("PER",), 1, PartConfig("text_only"), encoder, decoder=weighted)
    new_tagger(first, [post("1", "a b c Ann")], 0).save(tmp_path / "model.safetensors")
    posts = [Post("2", ["Bob", "sings"], ["B-PER", "O"])]
    tagger = new_tagger(replace(first, init_from=str(tmp_path / "model.safetensors")), posts, 0)
    assert torch.equal(
        tagger.decoder.class_weights, class_weights([posts[0].labels], tagger.decoder.tags, 1.0)
    )


def test_a_tag_that_was_not_learnt_stays_new() -> None:
    state = {"decoder.head.bias": torch.full((3,), 9.0)}
    learnt = {"decoder.head.bias": torch.tensor([1.0, 2, 3])}
    start_from(state, Softmax(2, ["O", "B-GPE", "I-GPE"]), learnt, ["O", "B-X", "I-X"])
    assert state["decoder.head.bias"].tolist() == [1, 9, 9]


def test_a_bilstm_keeps_the_words_that_it_learnt(tmp_path: Path) -> None:
    encoder = PartConfig("bilstm", {"min_count": 1})
    first = RunConfig(("PER", "LOC"), 1, PartConfig("text_only"), encoder)
    learnt = new_tagger(first, [Post("1", ["Ann", "sings"], ["B-PER", "O"])], 0)
    learnt.save(tmp_path / "model.safetensors")
    second = replace(first, entity_types=("LOC",), init_from=str(tmp_path / "model.safetensors"))
    tagger = new_tagger(second, [Post("2", ["Rome"], ["B-LOC"])], 0)
    assert tagger.encoder.text.vocabulary == learnt.encoder.text.vocabulary
    assert torch.equal(tagger.encoder.text.word.weight, learnt.encoder.text.word.weight)
    assert torch.equal(tagger.decoder.head.weight, learnt.decoder.head.weight[[0, 3, 4]])


def test_an_encoder_is_tried_also_where_training_starts_from_another_run(
    tiny_llama: Path, tmp_path: Path
) -> None:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 280}
    OpenAIGPTModel(OpenAIGPTConfig(**sizes)).save_pretrained(tmp_path)  # whose layers read no prefix
    AutoTokenizer.from_pretrained(tiny_llama).save_pretrained(tmp_path)
    encoder = PartConfig("language_model", {"attention": "causal"}, str(tmp_path))
    first = RunConfig(("PER",), 1, PartConfig("text_only"), encoder)
    posts, start = [post("1", "Ann sings")], tmp_path / "start" / "model.safetensors"
    new_tagger(first, posts, 0).save(start)
    second = replace(first, fusion=PartConfig("prefix"), image_encoder=ImageConfig("cnn"))
    with pytest.raises(UserError, match="needs a text encoder whose layers read a prefix"):
        new_tagger(replace(second, init_from=str(start)), posts, 3)


def test_another_encoder_is_a_clear_error(tmp_path: Path) -> None:
    posts = [Post("1", ["Ann"], ["B-PER"])]
    run = RunConfig(("PER",), 1, PartConfig("text_only"), PartConfig("bilstm", {"hidden": 8}))
    new_tagger(run, posts, 0).save(tmp_path / "model.safetensors")
    other = replace(run, text_encoder=PartConfig("bilstm", {"hidden": 6}))
    with pytest.raises(UserError, match="Start from a run with the same encoders"):
        new_tagger(replace(other, init_from=str(tmp_path / "model.safetensors")), posts, 0)
