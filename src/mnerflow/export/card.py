"""A run's model card: the front matter that hubs read, and the text that people read."""

from collections.abc import Iterator, Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from mnerflow.errors import quantity
from mnerflow.export.facts import MOST_LOST, Facts, Graph
from mnerflow.plan.names import TEXT_ONLY
from mnerflow.reporting.render import between, markdown_escape, markdown_table, percent, points

TASK = "token-classification"
METRICS = {"f1": "entity_f1", "precision": "entity_precision", "recall": "entity_recall"}
PLAIN_USE = """\
```python
from transformers import pipeline

tagger = pipeline("token-classification", "ORG/NAME", aggregation_strategy="first")
tagger("Ann sings in Rome .")
```

`ORG/NAME` is this repository, or a folder that holds its files. Write a blank between all words and
punctuation marks, as the training data has them; a name may be given with the blank before it. The pipeline
parts raw text itself, and takes apart a word with marks inside (`@ann`), of Chinese characters, or whose
beginning is not in the vocabulary (an emoji), where the run gives the whole word the tag of its first part.
This gives each word the run's tag:

```python
from transformers import AutoModelForTokenClassification, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("ORG/NAME")
model = AutoModelForTokenClassification.from_pretrained("ORG/NAME")
words = ["Ann", "sings", "in", "Rome", "."]
read = tokenizer(words, is_split_into_words=True, truncation=True, return_tensors="pt")
best = model(**read).logits[0].argmax(-1).tolist()
first = {{word: place for place, word in reversed([*enumerate(read.word_ids())])}}
tags = [model.config.id2label[best[first[word]]] if word in first else "O" for word in range(len(words))]
```

A text of more than {limit} subwords is cut off. The run reads it in windows that overlap; the pipeline with
`stride={stride}` reads windows of its own, and may find other names there.
"""
NATIVE_USE = """\
```python
from huggingface_hub import snapshot_download
from mnerflow import Predictor

tagger = Predictor(snapshot_download("ORG/NAME"))
tagger({given})
```

`ORG/NAME` is this repository; `Predictor` takes a folder that holds its files as well. mnerflow {version}
reads it and runs no code of the repository. It is not a plain model of transformers: {reason}.
"""
ONNX_USE = """\
```python
tagger = Predictor(snapshot_download("ORG/NAME"), graph="{file}")
```

Outside mnerflow, onnxruntime computes the decoder's scores of each word from what the tokenizer gives;
`mnerflow.prediction.graph` has the lines that do it.
"""


def card(facts: Facts, licence: str, reason: str, limit: int, graphs: Sequence[Graph] = ()) -> str:
    """The text of ``README.md``.

    Args:
        facts: facts about the run.
        licence: licence of the weights, as hubs write it.
        reason: why the run is not a plain model of transformers; empty if it is one.
        limit: number of subwords that a plain model reads at once.
        graphs: ONNX graphs of the run, with their test results.
    """
    return f"---\n{_front_matter(facts, licence, plain=not reason)}\n---\n\n" + "\n".join(
        line for part in _body(facts, licence, reason, limit, graphs) for line in (part.rstrip("\n"), "")
    )


def _front_matter(facts: Facts, licence: str, plain: bool) -> str:
    run, tested = facts.run, _tested(facts)
    results = [
        EvalResult(
            task_type=TASK,
            task_name="Named-entity recognition",
            dataset_type=run.dataset,
            dataset_name=facts.title,
            dataset_split="test",
            dataset_revision=facts.test_sha256,
            metric_type=metric,
            metric_name=f"Entity {metric}",
            metric_value=round(tested[column], 6),
        )
        for metric, column in METRICS.items()
        if tested
    ]
    data = ModelCardData(
        model_name=f"{run.model} on {facts.title}",
        language=facts.dataset.get("language") or None,
        license=licence,
        library_name="transformers" if plain else "mnerflow",
        tags=["named-entity-recognition", *([] if run.fusion == TEXT_ONLY else ["multimodal"]), "mnerflow"],
        datasets=[run.dataset],
        metrics=[*METRICS],
        base_model=facts.base_models or None,
        pipeline_tag=TASK,
        eval_results=results or None,
    )
    return data.to_yaml()


def _body(facts: Facts, licence: str, reason: str, limit: int, graphs: Sequence[Graph]) -> Iterator[str]:
    run, record = facts.run, facts.record
    types = ", ".join(facts.record.config["entity_types"])
    yield f"# {run.model} on {facts.title}"
    yield (
        f"Finds names in texts: {types}. Trained by mnerflow as `{run.path}`, on "
        f"{quantity(record.training_posts, 'post')} of {markdown_escape(facts.title)}."
    )
    yield "## Use"
    if reason:
        given = '"Ann sings in Rome."' + (', images=["photo.jpg"]' if record.images else "")
        yield NATIVE_USE.format(given=given, version=record.versions["mnerflow"], reason=reason)
    else:
        yield PLAIN_USE.format(limit=limit, stride=limit // 4)
    yield "## Scores"
    yield from _scores(facts)
    if graphs:
        yield "## ONNX"
        yield from _graphs(graphs)
    yield "## Intended use and limits"
    yield from _limits(facts)
    yield "## Training and environment"
    yield from _environment(facts)
    yield "## Data and licences"
    yield from _licences(facts, licence)


def _tested(facts: Facts) -> dict[str, Any]:
    return dict(facts.scores.get("test", {}).get("true", {}))


def _scores(facts: Facts) -> Iterator[str]:
    if not (tested := _tested(facts)):
        yield "Not scored where it was exported."
        return
    yield "In percent, of entities that are right from their first to their last word, and in their type."
    rows = [
        [
            split,
            *(percent(found["true"][column]) for column in METRICS.values()),
            f"{found['true']['sentences']:,}",
        ]
        for split, found in facts.scores.items()
        if "true" in found
    ]
    yield markdown_table(["split", "F1", "precision", "recall", "posts"], rows)
    if mean := facts.mean:
        known = "" if mean.low is None else f", 95 % interval {between(mean.low, mean.high)}"
        yield (
            f"Mean test F1 over {mean.seeds} seed{'s' * (mean.seeds > 1)} of this model: "
            f"{percent(mean.mean)}{known} (over other posts and seeds). This is seed {facts.run.seed}."
        )
    names = facts.dataset.get("type_names") or {}
    yield "By type, on test:"
    rows = [
        [names.get(kind, kind), *(percent(scores[name]) for name in METRICS), f"{scores['support']:,}"]
        for kind, scores in tested["per_type"].items()
    ]
    yield markdown_table(["type", "F1", "precision", "recall", "entities"], rows)
    yield "### Without the right image or context"
    if len(found := facts.scores["test"]) == 1:
        yield "It reads the text alone, so that there is nothing to take away."
        return
    yield "Test F1 of this model when a source is another post's (shuffled) or empty (blank):"
    rows = [
        [name, percent(scores["entity_f1"]), points(scores["entity_f1"] - tested["entity_f1"])]
        for name, scores in found.items()
    ]
    yield markdown_table(["condition", "F1", "change in points"], rows)


def _graphs(graphs: Sequence[Graph]) -> Iterator[str]:
    yield (
        "Encoder and fusion as graphs for onnxruntime; the decoder stays outside. Tried on the test split, "
        "beside the run itself in float32; both as mnerflow computes them."
    )
    rows = [
        [
            f"`{graph.file}`" if graph.shipped else f"`{graph.file}`, left out",
            f"{graph.megabytes:,.1f} MB",
            percent(graph.entity_f1),
            points(graph.difference),
            f"{graph.other:,} of {graph.words:,}",
        ]
        for graph in graphs
    ]
    yield markdown_table(["graph", "size", "F1", "difference in points", "words tagged differently"], rows)
    if left := [graph.file for graph in graphs if not graph.shipped]:
        yield f"`{left[0]}` lost more than {MOST_LOST} points of F1."
    yield ONNX_USE.format(file=graphs[0].file)


def _limits(facts: Facts) -> Iterator[str]:
    language = facts.dataset.get("language")
    yield (
        "For finding names in texts like those that it was trained on"
        f"{f' (language: {language})' if language else ''}, and for comparing models. It has been tested on "
        f"one data set alone ({markdown_escape(facts.title)}): elsewhere expect lower scores, and measure "
        "them on your own texts. It knows no types but those above, finds no name inside another, and "
        "repeats what is uneven in its training data, as whose names are found. Let no decision about a "
        "person rest on it."
    )


def _environment(facts: Facts) -> Iterator[str]:
    record = facts.record
    machine = record.hardware.gpu or f"{record.hardware.processor}, {quantity(record.hardware.cores, 'core')}"
    rows = [
        ["encoders, fusion, variant", f"{facts.run.encoders}, {facts.run.fusion}, {facts.run.variant}"],
        ["decoder", record.config["decoder"]["kind"]],
        ["seed", str(facts.run.seed)],
        ["epochs", f"{record.epochs_run}, the weights are of epoch {record.best_epoch}"],
        ["weights trained", f"{record.parameters_trained:,}"],
        ["training posts left out", f"{len(record.posts_left_out):,}"],
        ["words of raw text", f"cut as the tokenizer {record.tokenizer} of mnerflow does"],
        ["computed on", f"{machine}, {record.precision}, {record.seconds:,.0f} s"],
        ["finished", record.finished],
        ["mnerflow's commit", (record.code.commit or "unknown") + " with changes" * record.code.dirty],
        ["versions", ", ".join(f"{name} {number}" for name, number in record.versions.items())],
    ]
    yield markdown_table(["", ""], [[markdown_escape(cell) for cell in row] for row in rows])


def _licences(facts: Facts, licence: str) -> Iterator[str]:
    about = facts.dataset
    lines = [f"- Weights: {'no licence stated' if licence == 'unknown' else licence}. Code of mnerflow: MIT."]
    lines += [f"- Pretrained model `{name}`: `{source}`" for name, source in facts.record.sources.items()]
    lines.append(
        f"- Data set {markdown_escape(facts.title)}, licence: {about.get('licence') or 'not stated'}"
    )
    lines += [f"- {about[name]}" for name in ("citation", "homepage") if about.get(name)]
    yield "\n".join(lines)
    yield "Data and pretrained models keep their own licences, which bind whoever uses these weights."
