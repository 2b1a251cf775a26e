"""Train with flair: a fine-tuned encoder and a linear layer, as its documentation recommends for names.

Unlike the defaults, the head has its own learning rate, and a step has more than 4 posts.
"""

from pathlib import Path

import flair
from exchange import Predict, Splits, Task, answer, tags_of
from flair.data import Corpus, Sentence
from flair.datasets import FlairDatapointDataset
from flair.embeddings import TransformerWordEmbeddings
from flair.models import SequenceTagger
from flair.trainers import ModelTrainer

from mnerflow.data.post import Post
from mnerflow.data.tags import spans


def fit(task: Task, splits: Splits, folder: Path) -> Predict:
    flair.set_seed(task.seed)
    train, dev = (
        FlairDatapointDataset([sentence(post) for post in splits[split]]) for split in ("train", "dev")
    )
    corpus = Corpus(train, dev, None, sample_missing_splits=False)
    encoder = TransformerWordEmbeddings(
        task.weights, layers="-1", subtoken_pooling="first", fine_tune=True, use_context=False
    )
    tagger = SequenceTagger(
        encoder,
        corpus.make_label_dictionary("ner", add_unk=False),
        "ner",
        tag_format="BIO",
        use_rnn=False,
        use_crf=False,
        reproject_embeddings=False,
    )
    ModelTrainer(tagger, corpus).fine_tune(
        folder / "flair",
        learning_rate=task.encoder_rate,
        decoder_learning_rate=task.head_rate,
        mini_batch_size=task.batch,
        max_epochs=task.epochs,
        save_final_model=False,
        use_final_model_for_eval=True,
    )
    return lambda: predict(tagger, splits["test"], task.batch)


def sentence(post: Post) -> Sentence:
    made = Sentence(post.tokens)
    for kind, start, end in spans(post.labels):
        made[start:end].add_label("ner", kind)
    return made


def predict(tagger: SequenceTagger, posts: list[Post], batch: int) -> list[list[str]]:
    sentences = [Sentence(post.tokens) for post in posts]
    tagger.predict(sentences, mini_batch_size=4 * batch)
    return [
        tags_of(
            len(post.tokens),
            [
                (span.get_label("ner").value, span.tokens[0].idx - 1, span.tokens[-1].idx)
                for span in one.get_spans("ner")
            ],
        )
        for post, one in zip(posts, sentences, strict=True)
    ]


if __name__ == "__main__":
    answer(fit)
