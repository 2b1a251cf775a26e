"""Train with AutoGluon's MultiModalPredictor, with the settings that are fastest for it on a processor.

Its defaults pad every post to the 512 subwords that the encoder can read, take steps of 128 posts in pieces
of 8, score dev twice per epoch, average the weights of three checkpoints, and start two workers that would
share our single core. It computes in fp32 on every processor, whatever ``env.precision`` says.
"""

import json
from pathlib import Path

import pandas
from autogluon.multimodal import MultiModalPredictor
from exchange import Predict, Splits, Task, answer, in_characters, in_words, tags_of

from mnerflow.data.post import Post


def fit(task: Task, splits: Splits, folder: Path) -> Predict:
    predictor = MultiModalPredictor(
        label="entities", problem_type="ner", path=str(folder / "autogluon"), enable_progress_bar=False
    )
    predictor.fit(
        table(splits["train"]),
        tuning_data=table(splits["dev"]),
        seed=task.seed,
        save_path=str(folder / "autogluon"),
        column_types={"text": "text_ner"},
        hyperparameters={
            "model.names": ["ner_text"],
            "model.ner_text.checkpoint_name": task.weights,
            "model.ner_text.max_text_len": task.longest,
            "env.num_gpus": 0,
            "env.precision": 32,
            "env.num_workers": 0,
            "env.num_workers_inference": 0,
            "env.batch_size": task.batch,
            "env.per_gpu_batch_size": task.batch,
            "optim.max_epochs": task.epochs,
            "optim.patience": 1000,
            "optim.val_check_interval": 1.0,
            "optim.top_k": 1,
            "optim.top_k_average_method": "best",
            "optim.lr_choice": "two_stages",
            "optim.lr": task.encoder_rate,
            "optim.lr_mult": task.head_rate / task.encoder_rate,
        },
    )
    return lambda: [
        read_back(post, found)
        for post, found in zip(splits["test"], predictor.predict(table(splits["test"])), strict=True)
    ]


def table(posts: list[Post]) -> pandas.DataFrame:
    entities = [
        json.dumps(
            [dict(zip(("entity_group", "start", "end"), one, strict=True)) for one in in_characters(post)]
        )
        for post in posts
    ]
    return pandas.DataFrame({"text": [" ".join(post.tokens) for post in posts], "entities": entities})


def read_back(post: Post, found: list[dict]) -> list[str]:
    entities = [(one["entity_group"], one["start"], one["end"]) for one in found]
    return tags_of(len(post.tokens), in_words(post.tokens, entities))


if __name__ == "__main__":
    answer(fit)
