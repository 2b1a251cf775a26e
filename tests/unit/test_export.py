"""A run leaves as a folder that loads elsewhere, tags as it did, and tells nothing of this machine."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from entity_places import places
from folder_contents import contents
from hub_server import TOKEN, hub
from PIL import Image
from records import ABOUT
from tiny_run import FROZEN, RUN
from torch import Tensor

from mnerflow.cli import main
from mnerflow.config import ImageConfig, PartConfig, RunConfig
from mnerflow.data.image_store import build_store
from mnerflow.data.post import Post, write_posts
from mnerflow.export import facts
from mnerflow.files.json_text import read_json, write_json
from mnerflow.models.batch import Batch
from mnerflow.models.tagger import Tagger
from mnerflow.prediction.predictor import Predictor
from mnerflow.training.features import compute_features
from mnerflow.training.images import open_images
from mnerflow.training.run import train_run

POSTS = [
    Post(
        f"private{n}",
        words.split(),
        ["B-PER" if word[:2] == "An" else "O" for word in words.split()],
        [image],
    )
    for n, (words, image) in enumerate(
        [
            ("we met Ann in Rome", "0.png"),
            ("Anns sings", "1.png"),
            ("we met rain : Ann", "2.png"),
            ("c a Ann Anns !", "3.png"),
            ("rain sings in c", "0.png"),
            ("Ann", "1.png"),
        ]
        * 3
    )
]
TEXTS = ["we met Ann in Rome", "Ann Ann", "rome : Anns , Ann !", "été 👍 Ann", "Anns rain Ann"]
ODD = ["a [SEP] Ann", "<s> Ann [CLS] Ann", "ANN's Ann", "Ann 東京 Ann", "</s> Ann", "@Ann #rome"]


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the workflow works, as it is for a training: encoders' weights lie below it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "resources/weights").mkdir(parents=True)
    return tmp_path / "resources/weights"


def transformer(model: Path, weights: Path, **options) -> RunConfig:
    shutil.copytree(model, weights / "tiny")
    part = PartConfig("transformer", options, "resources/weights/tiny")
    return replace(RUN, image_encoder=None, fusion=PartConfig("text_only"), text_encoder=part)


def train(run: RunConfig, images: bool = False, **about) -> Path:
    """A run's folder, trained until it finds names."""
    rates = replace(run.training.learning_rate, text=0.01, decoder=0.02)
    run = replace(
        run,
        training=replace(run.training, epochs=20, patience=20, batch_tokens=32, learning_rate=rates),
    )
    read = None
    if images:
        Path("images").mkdir()
        for number in range(4):
            Image.new("RGB", (16, 16), (60 * number, 100, 200)).save(f"images/{number}.png")
        build_store([f"{n}.png" for n in range(4)], Path("images"), Path("store"), 16)
        if run.image_encoder.frozen:
            compute_features(run.image_encoder, Path("store"), Path("features.npy"), 1)
        read = open_images("store/images.npy", "features.npy" if run.image_encoder.frozen else None)
    write_posts("train.jsonl", POSTS)
    folder = Path("results/runs/demo/none/bilstm+cnn/linear/seed1")
    train_run(run, Path("train.jsonl"), Path("train.jsonl"), read, folder, ABOUT | about)
    return folder


def export(run: Path, *options: str, status: int = 0) -> Path:
    assert main(["export", str(run), "out", *options]) == status
    return Path("out")


@pytest.mark.parametrize("options", [{}, {"layers": 1, "trained_layers": 1}], ids=["whole", "upper"])
@pytest.mark.parametrize("model", ["tiny_bert", "tiny_roberta"])
def test_a_plain_model_tags_as_the_run_does(
    model: str, options: dict, weights: Path, request: pytest.FixtureRequest
):
    from transformers import AutoModelForTokenClassification, pipeline

    settings = transformer(request.getfixturevalue(model), weights, **options)
    if model == "tiny_roberta":  # a general class would not put a blank before the first word
        described = weights / "tiny/tokenizer_config.json"
        write_json(described, read_json(described) | {"tokenizer_class": "RobertaTokenizer"})
    run = train(settings)
    folder = export(run)
    # The tiny RoBERTa reads ten subwords at once, which may be bytes.
    texts, room = (TEXTS, 99) if model == "tiny_bert" else (["we met Ann in Rome", "Anns met Ann's"], 11)
    pipe = pipeline("token-classification", str(folder), aggregation_strategy="first")
    expected = Predictor(run)([{"tokens": text.split()} for text in texts])
    assert [places(pipe(text)) for text in texts] == [places(one) for one in expected]
    assert any(expected)
    _, program = re.findall("```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    before, _, after = program.replace("ORG/NAME", str(folder)).partition('words = ["Ann"')
    values: dict = {}
    exec(before, values)
    for text in [text for text in (*TEXTS, *ODD) if len(text.encode()) < room]:
        exec(f"words = {text.split()}\n{after.partition(chr(10))[2]}", values)
        [tagged] = Predictor(run).stream([{"tokens": text.split()}])
        assert [values["tags"]] == tagged.tags, text
    loaded, told = AutoModelForTokenClassification.from_pretrained(folder, output_loading_info=True)
    assert not any(told.values())
    assert loaded.config.id2label == {0: "O", 1: "B-PER", 2: "I-PER"}
    assert {file.name for file in folder.iterdir()} == {
        *("README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    }


def test_a_model_that_would_tag_differently_is_not_called_plain(
    tiny_roberta: Path, weights: Path, capsys: pytest.CaptureFixture
):
    run = train(transformer(tiny_roberta, weights))
    assert Predictor(export(run))("Ann sings") == Predictor(run)("Ann sings")
    assert "its tokenizer cuts running text differently" in capsys.readouterr().out


def test_a_plain_model_is_no_run(tiny_bert: Path, weights: Path, capsys: pytest.CaptureFixture):
    folder = export(train(transformer(tiny_bert, weights)))
    assert main(["predict", str(folder), "Ann"]) == 1
    assert "plain model of transformers" in capsys.readouterr().err


CASED = PartConfig("transformer", {"casing": True}, "resources/weights/tiny")
LINEAR = PartConfig("linear")


@pytest.mark.parametrize(
    ("text", "image", "decoder", "reason"),
    [
        (CASED, None, "softmax", "casing"),
        (replace(CASED, options={}), None, "crf", "its decoder is crf"),
        (replace(CASED, options={"trained_layers": 1}), FROZEN, "softmax", "it reads images"),
        (RUN.text_encoder, RUN.image_encoder, "crf", "it reads images"),
    ],
    ids=["casing", "crf", "frozen", "bilstm"],
)
def test_any_other_run_keeps_its_form_and_needs_nothing_else(
    text: PartConfig,
    image: ImageConfig | None,
    decoder: str,
    reason: str,
    tiny_bert: Path,
    weights: Path,
    capsys: pytest.CaptureFixture,
):
    shutil.copytree(tiny_bert, weights / "tiny")
    fusion = LINEAR if image else PartConfig("text_only")
    run = replace(RUN, text_encoder=text, image_encoder=image, decoder=PartConfig(decoder), fusion=fusion)
    folder = train(run, images=image is not None)
    shown = [str(Path("images/1.png").absolute())] if image else []
    given = [{"tokens": text.split(" "), "images": shown} for text in TEXTS]
    expected = Predictor(folder)(given)
    assert any(expected)
    out = export(folder)
    assert reason in capsys.readouterr().out
    shutil.move(out, "elsewhere")
    shutil.rmtree("results")
    shutil.rmtree("resources")
    assert Predictor("elsewhere")(given) == expected


@pytest.mark.parametrize("decoder", ["softmax", "crf"])
def test_nothing_of_this_machine_or_of_posts_leaves(
    decoder: str, tiny_bert: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    home = "/home/somebody/models/tiny"
    monkeypatch.setenv("HF_TOKEN", "hf_verysecret")
    run = replace(transformer(tiny_bert, weights), decoder=PartConfig(decoder))
    for name in ("config.json", "tokenizer_config.json"):
        settings = json.loads((weights / "tiny" / name).read_text())
        write_json(weights / "tiny" / name, settings | {"_name_or_path": home, "name_or_path": home})
    write_json(weights / "tiny/.origin.json", {"source": f"path:{home}"})
    folder = train(run, sources={"tiny": f"path:{home}", "other": "https://me:hf_verysecret@hub/x"})
    record = yaml.safe_load((folder / "run.yaml").read_text())
    record["posts_left_out"] = ["private1"]
    record["data_sha256"] = {str(tmp_path / name): value for name, value in record["data_sha256"].items()}
    (folder / "run.yaml").write_text(yaml.safe_dump(record))
    (folder / "predictions.jsonl").write_text("private")
    out = export(folder)
    for file in out.rglob("*"):
        if file.is_file():
            for secret in ("/home", "somebody", str(tmp_path), "private", "hf_verysecret"):
                assert secret.encode() not in file.read_bytes(), file
    assert re.search(r"training posts left out +\| 1 ", (out / "README.md").read_text())


def test_a_folder_appears_whole_or_not_at_all(tiny_bert: Path, weights: Path, capsys: pytest.CaptureFixture):
    folder = train(transformer(tiny_bert, weights))
    model = folder / "model.safetensors"
    whole = model.read_bytes()
    model.write_bytes(whole[:-4] + b"\1\2\3\4")
    assert not export(folder, status=1).exists()
    assert not Path(".out.part").exists()
    model.write_bytes(whole)
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine")
    assert [file.name for file in export(folder, status=1).iterdir()] == ["mine.txt"]
    assert "Name a new folder" in capsys.readouterr().err
    Path("out/mine.txt").unlink()
    first = contents(export(folder))
    shutil.rmtree("out")
    assert contents(export(folder)) == first


def test_the_card_has_what_hubs_read_and_people_ask(tiny_bert: Path, weights: Path):
    from huggingface_hub import ModelCard

    run = replace(RUN, text_encoder=PartConfig("bilstm", RUN.text_encoder.options))
    folder = train(run, images=True, sources={"bert": "google/bert", "cnn": "path:/a/b/cnn"})
    scores = {"entity_precision": 0.5, "entity_recall": 0.25, "sentences": 12}
    scores["per_type"] = {"PER": {"f1": 0.3, "precision": 0.5, "recall": 0.25, "support": 1234}}
    true, shuffled = scores | {"entity_f1": 0.333333}, scores | {"entity_f1": 0.3}
    write_json(
        folder / "scores.json", {"dev": {"true": true}, "test": {"true": true, "image.shuffled": shuffled}}
    )
    study = Path("results/mine")
    (study / "tables").mkdir(parents=True)
    about = {"title": "My Set", "language": "cs", "licence": "as *stated*", "homepage": "https://x.org"}
    (study / "config.yaml").write_text(yaml.safe_dump({"datasets": {"demo": about}}))
    columns = "dataset,filter,text_encoder,image_encoder,fusion,variant,seeds,entity_f1_mean"
    grid = f"{columns},entity_f1_low,entity_f1_high\ndemo,none,bilstm,cnn,linear,base,3,0.35,0.3,0.4\n"
    (study / "tables/grid.csv").write_text(grid)
    published = Path(shutil.copytree(study, "results/published"))  # of trainings elsewhere
    (published / "tables/grid.csv").write_text(grid.replace("base,3,0.35", "base,5,0.95"))
    card = ModelCard.load(export(folder, "--license", "mit") / "README.md")
    data = card.data.to_dict()
    wanted = {
        "language": "cs",
        "license": "mit",
        "library_name": "mnerflow",
        "datasets": ["demo"],
        "base_model": ["google/bert"],
        "pipeline_tag": "token-classification",
        "metrics": ["f1", "precision", "recall"],
    }
    assert wanted.items() <= data.items()
    [index] = data["model-index"]
    [result] = index["results"]
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values == {"f1": 0.333333, "precision": 0.5, "recall": 0.25}
    assert (result["dataset"]["name"], result["dataset"]["split"]) == ("My Set", "test")
    for said in (
        "35.00, 95 % confidence interval 30.0–40.0",
        "−3.33",
        "1,234",
        "as *stated*",
        "it reads images",
    ):
        assert said in card.text


LONG = "we met Ann in Rome " * 9  # more than a window of the tiny BERT


def trained(kind: str, model: Path, weights: Path) -> Path:
    """A run's folder, with the prepared test posts and images where the workflow has them."""
    run = replace(RUN, fusion=PartConfig("cross_attention", {"d_model": 8, "heads": 2}))
    if kind != "bilstm":
        run = replace(transformer(model, weights, casing=True, pooling="mean"), decoder=PartConfig("crf"))
    if kind == "prefix":
        fusion = PartConfig("prefix", {"length": 2, "d_model": 8, "heads": 2})
        run = replace(run, fusion=fusion, image_encoder=FROZEN)
    images = run.image_encoder is not None
    folder = train(run, images)
    record = folder / "run.yaml"
    store = record.read_text(encoding="utf-8").replace("store/index.csv", "results/images/demo/16/index.csv")
    record.write_text(store, encoding="utf-8")
    write_posts("results/data/demo/none/test.jsonl", POSTS)
    if images:
        shutil.copytree("store", "results/images/demo/16")
        if run.image_encoder.frozen:
            Path("results/features/demo").mkdir(parents=True)
            shutil.copy("features.npy", "results/features/demo/cnn.npy")
    return folder


@pytest.mark.parametrize("kind", ["bilstm", "prefix"])
def test_graphs_tag_as_the_run_does(
    kind: str,
    tiny_bert: Path,
    weights: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    # As many posts as in the first of the short batches: a size may vary that is the same in two batches.
    monkeypatch.setattr("mnerflow.export.graphs.LONG", ((2, 2), (3, 1), (40, 3), (4, 1)))
    run = trained(kind, tiny_bert, weights)
    shown = [str(Path("images/1.png").absolute())]
    given = [
        {"tokens": text.split(), "images": shown * (1 + number % 2)}
        for number, text in enumerate((*TEXTS, LONG))
    ]
    expected = list(Predictor(run).stream(given))
    assert main(["export", str(run), "out", "--onnx"]) == 0
    assert "onnx/model.onnx: entity F1 on test" in capsys.readouterr().out
    for name in [file.name for file in Path("out/onnx").iterdir()]:
        found = [each.tags for each in Predictor("out", graph=f"onnx/{name}").stream(given)]
        if name == "model.onnx":
            assert found == [each.tags for each in expected] and any("B-PER" in tags[0] for tags in found)
    card = Path("out/README.md").read_text(encoding="utf-8")
    assert "| `onnx/model.onnx`" in card and f" 0 of {sum(len(post.tokens) for post in POSTS)} " in card
    assert str(Path.cwd()).encode() not in Path("out/onnx/model.onnx").read_bytes()


def test_small_weights_that_lose_are_left_out(
    tiny_bert: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    run = trained("text_only", tiny_bert, weights)
    monkeypatch.setattr(facts, "MOST_LOST", -1)  # even what loses nothing loses too much
    assert main(["export", str(run), "out", "--onnx"]) == 0
    assert [file.name for file in Path("out/onnx").iterdir()] == ["model.onnx"]
    assert "model_int8.onnx: left out, entity F1 on test" in capsys.readouterr().out
    assert "`onnx/model_int8.onnx`, left out" in Path("out/README.md").read_text(encoding="utf-8")
    shutil.rmtree("results/data")
    assert main(["export", str(run), "other", "--onnx"]) == 1
    assert "test.jsonl: missing. A graph is tried on" in capsys.readouterr().err
    assert not Path("other").exists()


def test_a_run_that_no_graph_can_be_made_of_is_refused(
    tiny_bert: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    run = trained("text_only", tiny_bert, weights)
    forward = Tagger.forward

    def by_values(tagger: Tagger, batch: Batch) -> Tensor:
        scores = forward(tagger, batch)
        return scores if scores.sum() > 0 else -scores  # which way depends on values, not on shapes

    monkeypatch.setattr(Tagger, "forward", by_values)
    assert main(["export", str(run), "out", "--onnx"]) == 1
    said = capsys.readouterr().err
    assert "PyTorch makes no ONNX graph of this run (transformer, text_only): " in said
    assert "Export it without --onnx" in said and "Traceback" not in said
    assert not Path("out").exists()


def test_a_damaged_graph_is_named(tiny_bert: Path, weights: Path, capsys: pytest.CaptureFixture):
    run = trained("text_only", tiny_bert, weights)
    (run / "bad.onnx").write_bytes(b"no graph")
    assert main(["predict", str(run), "Ann sings", "--graph", "bad.onnx"]) == 1
    assert "bad.onnx: no ONNX graph that can be read" in capsys.readouterr().err


def test_a_folder_is_uploaded_to_a_new_private_repository(
    tiny_bert: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)  # plain uploads
    run = train(transformer(tiny_bert, weights))

    def uploaded(name: str) -> tuple[int, str]:
        shutil.rmtree("out", ignore_errors=True)
        status = main(["export", str(run), "out", "--push", name])
        assert Path("out/README.md").exists()
        said = capsys.readouterr()
        return status, said.err if status else said.out

    with hub() as server:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.address)
        status, said = uploaded("me/tagger")
        assert status == 0 and f"out: uploaded to {server.address}/me/tagger" in said, said
        assert server.private == {"me/tagger": True}
        sent = {path: content for (_, path), content in server.files.items()}
        assert sent == contents(Path("out"))
        assert "me/tagger: the hub has it already. Name a new repository" in uploaded("me/tagger")[1]
        assert "../other: no name of a repository. Write OWNER/NAME." in uploaded("../other")[1]
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        status, said = uploaded("me/other")
        assert "the hub does not let this login write there (401)" in said and "hf_secret" not in said
    assert f"{server.address}: cannot be reached" in uploaded("me/tagger")[1]
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("mnerflow.export.push.get_token", lambda: None)
    assert "me/other: no login to a hub is known here. Log in with `hf auth login`" in uploaded("me/other")[1]
