"""A data set that the workflow makes itself, in which the value of an image is known by construction.

In some posts the text leaves the type of a name open. With ``images="matched"`` the picture shows that
type; with ``"independent"`` the same posts get pictures that say nothing about them. The best possible score
of a text-only model is computed and written next to the data.
"""

import shutil
from pathlib import Path
from random import Random

from mnerflow.data.config import DemoConfig
from mnerflow.data.demo.ceiling import best_entity_f1
from mnerflow.data.demo.names import ENTITY_TYPES
from mnerflow.data.demo.pictures import draw_picture
from mnerflow.data.demo.posts import Draft, make_posts
from mnerflow.data.post import SPLITS, Post, write_posts
from mnerflow.files.json_text import write_json
from mnerflow.files.writing import writing


def make_demo(config: DemoConfig, folder: str | Path) -> None:
    """Write ``train|dev|test.jsonl``, ``images/*.png`` and ``ceiling.json`` to ``folder``.

    ``ceiling.json`` gives for each split the number of entities, how many are ambiguous, and the best
    entity F1 of a text-only model. The posts depend only on ``seed``, ``posts`` and ``ambiguous``. They are
    written last, so a folder with posts is complete. Files of an earlier run are replaced. Raises
    ``UserError`` when the folder cannot be written.
    """
    folder = Path(folder)
    drafts: dict[str, list[Draft]] = {
        split: make_posts(number, config.ambiguous, Random(f"{config.seed} {split} posts"))
        for split, number in config.posts.items()
    }
    with writing(folder):
        for name in ("ceiling.json", *(f"{split}.jsonl" for split in SPLITS)):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "images", ignore_errors=True)
        (folder / "images").mkdir(parents=True)
        for split, split_drafts in drafts.items():
            rng = Random(f"{config.seed} {split} images")
            for index, draft in enumerate(split_drafts):
                shown = _shown_type(draft, config.images, rng)
                picture = draw_picture(shown, config.image_size, f"{config.seed} {split} {index} picture")
                picture.save(folder / "images" / _image(split, index), compress_level=1)
    write_json(folder / "ceiling.json", {split: _ceiling(drafts[split]) for split in SPLITS})
    for split in SPLITS:
        write_posts(folder / f"{split}.jsonl", _posts(split, drafts[split]))


def _shown_type(draft: Draft, images: str, rng: Random) -> str:
    """The type that the picture shows: that of an ambiguous entity, else of any entity, else a random one."""
    decisive = [m.type for m in draft.mentions if m.ambiguous] or [m.type for m in draft.mentions]
    return rng.choice(decisive if images == "matched" and decisive else ENTITY_TYPES)


def _image(split: str, index: int) -> str:
    return f"{split}-{index:05d}.png"


def _posts(split: str, drafts: list[Draft]) -> list[Post]:
    return [
        Post(f"demo-{split}-{index:05d}", draft.tokens, draft.labels, [_image(split, index)], language="en")
        for index, draft in enumerate(drafts)
    ]


def _ceiling(drafts: list[Draft]) -> dict[str, float]:
    mentions = [mention for draft in drafts for mention in draft.mentions]
    return {
        "entities": len(mentions),
        "ambiguous": sum(mention.ambiguous for mention in mentions),
        "entity_f1": best_entity_f1(1 / len(mention.open_types) for mention in mentions),
    }
