"""A post's images as parts of a chat message: JPEG in a data URL, no larger than needed."""

import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mnerflow.data.config import Fit, Policy
from mnerflow.data.image import BrokenImage, open_image
from mnerflow.data.post import Post
from mnerflow.errors import UserError
from mnerflow.llm.config import Question
from mnerflow.llm.prompt import Message
from mnerflow.record import ImagesShown

QUALITY = 85  # of the JPEG, 0..100


@dataclass
class Pictures:
    """A data set's images, as they are shown to a model.

    Attributes:
        folder: folder of the images.
        fit: as in the image store.
        policy: what happens to an unusable image: ``fail`` stops, otherwise the image is left out.
        broken: images that were left out, with the reason.
    """

    folder: Path
    fit: Fit = "letterbox"
    policy: Policy = "blank"
    broken: dict[str, str] = field(default_factory=dict)

    def of(self, names: Sequence[str], question: Question) -> list[Message]:
        """The parts of a message that show these images; raises ``UserError`` as ``policy`` says."""
        shown, broken = show(self.folder, names, question.image_size, self.fit, question.detail)
        if broken and self.policy == "fail":
            name, reason = next(iter(broken.items()))
            raise UserError(
                f"{self.folder / name}: {reason}. Mend it, or choose `images: {{broken: blank}}`, with "
                "which the model is asked without it."
            )
        self.broken.update(broken)
        return shown

    def record(self, posts: Iterable[Post]) -> ImagesShown:
        """The record for the images of ``posts``, as they are now."""
        return ImagesShown.of(posts, self.folder, self.fit, self.policy)


def show(
    folder: Path, names: Sequence[str], longest: int, fit: Fit, detail: str | None
) -> tuple[list[Message], dict[str, str]]:
    """The images ``folder/name`` as message parts, and the unusable images with the reason.

    Args:
        folder: the data set's images.
        names: file names of a post's images.
        longest: longer side, in pixels; a larger image is scaled down, a smaller one left as it is.
        fit: as in the image store; ``wrap`` cuts a line of text into rows.
        detail: the API's ``detail`` (``low``, ``high``, ``auto``), or ``None`` to leave it out.
    """
    parts, broken = [], {}
    for name in names:
        try:
            image = open_image(folder, name, longest, fit, enlarge=False)
        except BrokenImage as reason:
            broken[name] = str(reason)
            continue
        image.info.clear()  # only pixels are shown; a comment could be too long, or tell what the text says
        file = io.BytesIO()
        image.save(file, "JPEG", quality=QUALITY)
        url = {"url": f"data:image/jpeg;base64,{b64encode(file.getvalue()).decode()}"}
        parts.append({"type": "image_url", "image_url": url | ({"detail": detail} if detail else {})})
    return parts, broken
