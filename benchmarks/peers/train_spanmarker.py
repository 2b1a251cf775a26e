"""Trains with SpanMarker, which reads each span of words between two markers and gives it a type or none.

It reads no more subwords than the longest post has, and spans as long as the longest entity, or it would
train on spans that are none.
"""

from pathlib import Path

from datasets import Dataset
from exchange import Predict, Splits, Task, answer, tags_of
from span_marker import SpanMarkerModel, Trainer
from transformers import TrainingArguments

from mnerflow.data.post import Post
from mnerflow.data.tags import spans, tag_list


def fit(task: Task, splits: Splits, folder: Path) -> Predict:
    tags = tag_list(task.types)
    longest = max(end - start for post in splits["train"] for _, start, end in spans(post.labels))
    model = SpanMarkerModel.from_pretrained(
        task.weights, labels=tags, model_max_length=task.longest, entity_max_length=longest
    )
    settings = TrainingArguments(
        output_dir=str(folder / "spanmarker"),
        learning_rate=task.encoder_rate,
        per_device_train_batch_size=task.batch,
        per_device_eval_batch_size=4 * task.batch,
        num_train_epochs=task.epochs,
        warmup_ratio=0.1,
        eval_strategy="epoch",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
        seed=task.seed,
    )
    train, dev = (dataset(splits[split], tags) for split in ("train", "dev"))
    Trainer(model=model, args=settings, train_dataset=train, eval_dataset=dev).train()
    return lambda: predict(model, splits["test"], task.batch)


def dataset(posts: list[Post], tags: list[str]) -> Dataset:
    numbers = [[tags.index(label) for label in post.labels] for post in posts]
    return Dataset.from_dict({"tokens": [post.tokens for post in posts], "ner_tags": numbers})


def predict(model: SpanMarkerModel, posts: list[Post], batch: int) -> list[list[str]]:
    found = model.predict([post.tokens for post in posts], batch_size=4 * batch)
    return [
        tags_of(
            len(post.tokens),
            [(one["label"], one["word_start_index"], one["word_end_index"]) for one in entities],
        )
        for post, entities in zip(posts, found, strict=True)
    ]


if __name__ == "__main__":
    answer(fit)
