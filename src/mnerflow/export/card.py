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

Replace `ORG/NAME` with the name of this repository, or with a folder that contains its files. Separate all
words and punctuation marks with spaces, as in the training data. The pipeline may return a name together with
the space before it. It splits raw text itself, and takes some words apart: those with punctuation inside
(`@ann`), in Chinese characters, or with a beginning that is not in the vocabulary (an emoji). The original
run gives such a word the tag of its first part. The following code gives every word the same tag as the run:

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

Texts of more than {limit} subwords are truncated. The original run reads them in overlapping windows. With
`stride={stride}`, the pipeline also reads windows, but not the same ones, and may find other names there.
"""
NATIVE_USE = """\
```python
from huggingface_hub import snapshot_download
from mnerflow import Predictor

tagger = Predictor(snapshot_download("ORG/NAME"))
tagger({given})
```

Replace `ORG/NAME` with the name of this repository, or pass a folder that contains its files to `Predictor`.
mnerflow {version} loads it without running code from the repository. It is not a plain model of transformers,
because {reason}.
"""
ONNX_USE = """\
```python
tagger = Predictor(snapshot_download("ORG/NAME"), graph="{file}")
```

Without mnerflow, onnxruntime computes each word's scores for the decoder from the output of the tokenizer.
`mnerflow.prediction.graph` shows how.
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
    run, tested = facts.run, _test_scores(facts)
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
        f"This model recognises named entities of these types: {types}. It was trained with mnerflow as "
        f"`{run.path}`, on {quantity(record.training_posts, 'post')} of {markdown_escape(facts.title)}."
    )
    yield "## How to use"
    if reason:
        given = '"Ann sings in Rome."' + (', images=["photo.jpg"]' if record.images else "")
        yield NATIVE_USE.format(given=given, version=record.versions["mnerflow"], reason=reason)
    else:
        yield PLAIN_USE.format(limit=limit, stride=limit // 4)
    yield "## Evaluation"
    yield from _scores(facts)
    if graphs:
        yield "## ONNX"
        yield from _graphs(graphs)
    yield "## Intended use and limitations"
    yield from _limits(facts)
    yield "## Training"
    yield from _environment(facts)
    yield "## Data and licences"
    yield from _licences(facts, licence)


def _test_scores(facts: Facts) -> dict[str, Any]:
    return dict(facts.scores.get("test", {}).get("true", {}))


def _scores(facts: Facts) -> Iterator[str]:
    if not (tested := _test_scores(facts)):
        yield "No scores were available when the model was exported."
        return
    yield (
        "Entity-level scores in percent. An entity counts as correct if its type and its first and last word "
        "are correct."
    )
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
        interval = ""
        if mean.low is not None:
            interval = f", 95 % confidence interval {between(mean.low, mean.high)} (over posts and seeds)"
        yield (
            f"Mean test F1 of this model over {quantity(mean.seeds, 'seed')}: {percent(mean.mean)}{interval}."
            f" This checkpoint is seed {facts.run.seed}."
        )
    names = facts.dataset.get("type_names") or {}
    yield "Test scores by type:"
    rows = [
        [names.get(kind, kind), *(percent(scores[name]) for name in METRICS), f"{scores['support']:,}"]
        for kind, scores in tested["per_type"].items()
    ]
    yield markdown_table(["type", "F1", "precision", "recall", "entities"], rows)
    yield "### Without the right image or context"
    if len(found := facts.scores["test"]) == 1:
        yield "The model reads only the text, so there is no image or context to remove."
        return
    yield "Test F1 with a source taken from another post (shuffled) or left empty (blank):"
    rows = [
        [name, percent(scores["entity_f1"]), points(scores["entity_f1"] - tested["entity_f1"])]
        for name, scores in found.items()
    ]
    yield markdown_table(["condition", "F1", "change in points"], rows)


def _graphs(graphs: Sequence[Graph]) -> Iterator[str]:
    yield (
        "The encoder and fusion are also available as graphs for onnxruntime; the decoder is not part of a "
        "graph. mnerflow tested each graph on the test split and compared it with the run itself in float32."
    )
    rows = [
        [
            f"`{graph.file}`" if graph.shipped else f"`{graph.file}`, left out",
            f"{graph.megabytes:,.1f} MB",
            percent(graph.entity_f1),
            points(graph.difference),
            f"{graph.words_changed:,} of {graph.words:,}",
        ]
        for graph in graphs
    ]
    yield markdown_table(["graph", "size", "F1", "difference in points", "words tagged differently"], rows)
    if left := [graph.file for graph in graphs if not graph.shipped]:
        yield f"`{left[0]}` was left out because it lost more than {MOST_LOST} points of F1."
    yield ONNX_USE.format(file=graphs[0].file)


def _limits(facts: Facts) -> Iterator[str]:
    language = facts.dataset.get("language")
    yield (
        "The model is intended for recognising names in texts like those that it was trained on"
        f"{f' (language: {language})' if language else ''}, and for comparing models. It was tested on only "
        f"one data set ({markdown_escape(facts.title)}). Expect lower scores on other texts, and evaluate it "
        "on your own. It recognises only the types listed above and no nested names. It may reproduce biases "
        "of its training data, for example in whose names it finds. Do not use it as the basis of decisions "
        "about people."
    )


def _environment(facts: Facts) -> Iterator[str]:
    record = facts.record
    machine = record.hardware.gpu or f"{record.hardware.processor}, {quantity(record.hardware.cores, 'core')}"
    rows = [
        ["encoders, fusion, variant", f"{facts.run.encoders}, {facts.run.fusion}, {facts.run.variant}"],
        ["decoder", record.config["decoder"]["kind"]],
        ["seed", str(facts.run.seed)],
        ["epochs", f"{record.epochs_run} (weights from epoch {record.best_epoch})"],
        ["trained parameters", f"{record.parameters_trained:,}"],
        ["training posts left out", f"{len(record.posts_left_out):,}"],
        ["word tokenizer for raw text", f"{record.tokenizer} (of mnerflow)"],
        ["hardware, precision, time", f"{machine}, {record.precision}, {record.seconds:,.0f} s"],
        ["finished", record.finished],
        ["commit of mnerflow", (record.code.commit or "unknown") + " with changes" * record.code.dirty],
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
    yield "Data and pretrained models keep their own licences, which also bind the users of these weights."
