"""An entry of `datasets`: where a data set comes from, whose it is and how it is tagged."""

from dataclasses import dataclass, field
from typing import Literal

from pydantic import ConfigDict

from mnerflow.config.refusals import refused
from mnerflow.config.run import TrainingConfig
from mnerflow.config.types import (
    Address,
    Counts,
    InnerPath,
    Maybe,
    Name,
    Section,
    Several,
    Sha256,
)
from mnerflow.data.config import FOUND, DemoConfig, Fit, PrepareConfig, TokenizerName

RAW = ("files", "folder", "generator", "poner")  # where a data set's posts come from, one of them


@dataclass(frozen=True, kw_only=True)
class RawFile(Section):
    """A raw file.

    Attributes:
        url: where it is fetched from.
        sha256: without it, the sum is recorded on the first download and compared from then on.
        mirror: its place below the folder `mirror`.
    """

    url: Address
    sha256: Sha256 = ""
    mirror: InnerPath = ""


@dataclass(frozen=True, kw_only=True)
class Photos(RawFile):
    """An archive of photos.

    Attributes:
        folder: only photos below it are taken; without it, all of them.
    """

    folder: InnerPath = ""


@dataclass(frozen=True, kw_only=True)
class Poner(RawFile):
    """PONER's archive, of which sentences and crops of their lines are made.

    Attributes:
        folder: the repository's folder `data` in the archive.
        split: as published, or drawn by page.
        seed: draws the split by page.
    """

    folder: InnerPath
    split: Literal["published", "page"]
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class About(Section):
    """What a reader is told of a data set.

    Attributes:
        title: its name in tables and reports.
        language: its language, as in `en`.
        licence: as its authors state it.
        citation: where it was published.
        homepage: its address.
        type_names: what entity types are called in tables and plots, where not as in the tags.
        pictures: what its images are.
        caution: a sentence on what to beware of in all scores on it; reports and the thesis's table tell it.
        contexts_from_text: contexts whose author had read the text, too; a gain by one is none by the image.
    """

    title: str = ""
    language: str = ""
    licence: str = ""
    citation: str = ""
    homepage: Address = ""
    type_names: dict[str, str] = field(default_factory=dict)
    pictures: Maybe[Literal["photographs", "scans", "drawings"]] = None
    caution: str = ""
    contexts_from_text: Several[Name] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Dataset(PrepareConfig, About):
    """A data set: exactly one of `files`, `folder`, `generator` and `poner` says where its posts come from.

    Attributes:
        files: raw files by their name below `resources/data/<set>/`.
        folder: of your own data, with the split files and `images/`.
        generator: makes the set, as the demo.
        poner: PONER's archive.
        without: data sets whose posts are left out of this one.
        posts: how many there are in each split, for estimates before anything is fetched.
        images: an archive of photos.
        images_of: another data set with the same images, which are decoded and encoded once for both.
        fit: how an image is brought into a square: whole, or, a line of text, cut into rows. The first row is
            the right end for `wrap_rtl`, and for `wrap` where the `language` is written from right to left.
        tokenizer: how raw texts are cut for a run that was trained on it, as its own words are: `words` makes
            every punctuation mark one, `tweets` leaves hashtags and addresses whole, `treebank` is as CoNLL.
        training: settings of every run on this data set.
    """

    __pydantic_config__ = ConfigDict(
        extra="forbid", json_schema_extra={"oneOf": [{"required": [name]} for name in RAW]}
    )

    files: Maybe[dict[InnerPath, RawFile]] = None
    folder: Maybe[str] = None
    generator: Maybe[DemoConfig] = None
    poner: Maybe[Poner] = None
    without: Several[Name] = field(default_factory=list)
    posts: Maybe[Counts] = None
    images: Maybe[Photos] = None
    images_of: Name = ""
    fit: Fit = "letterbox"
    tokenizer: TokenizerName = "words"
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        if sum(getattr(self, name) is not None for name in RAW) != 1:
            raise refused(f"exactly one of {', '.join(RAW)} is needed")
        if self.types == FOUND:
            if self.folder is None:
                raise refused("types: auto is for data in a folder of your own; name the types")
            return
        if unknown := [kind for kind in self.type_names if kind not in self.types]:
            raise refused(f"type_names: {unknown[0]!r} is none of the types {', '.join(self.types)}")
        names = [self.type_names.get(kind, kind) for kind in self.types]
        if twice := [name for name in names if names.count(name) > 1]:
            raise refused(f"type_names: two types are called {twice[0]!r}; give each a name of its own")
