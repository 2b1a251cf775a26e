"""An entry of `datasets`: where a data set comes from, who made it and how it is tagged."""

from dataclasses import dataclass, field
from typing import Literal

from pydantic import ConfigDict

from mnerflow.config.refusals import refused
from mnerflow.config.run import TrainingConfig
from mnerflow.config.types import Address, Counts, InnerPath, Maybe, Name, Section, Several, Sha256
from mnerflow.data.config import FOUND, DemoConfig, Fit, PrepareConfig, TokenizerName

RAW = ("files", "folder", "generator", "poner")  # keys that say where posts come from; exactly one is given


@dataclass(frozen=True, kw_only=True)
class RawFile(Section):
    """A raw file.

    Attributes:
        url: address from which the file is downloaded.
        sha256: SHA-256 checksum of the file. Without it, the checksum of the first download is recorded and
            compared from then on.
        mirror: path of the file below the folder `mirror`.
    """

    url: Address
    sha256: Sha256 = ""
    mirror: InnerPath = ""


@dataclass(frozen=True, kw_only=True)
class Photos(RawFile):
    """An archive of photos.

    Attributes:
        folder: folder in the archive; only photos below it are used. Without it, all photos are used.
    """

    folder: InnerPath = ""


@dataclass(frozen=True, kw_only=True)
class Poner(RawFile):
    """PONER's archive, from which sentences and crops of their lines are made.

    Attributes:
        folder: path of the repository's folder `data` in the archive.
        split: split of the sentences, as published or drawn by page.
        seed: seed that draws the split by page.
    """

    folder: InnerPath
    split: Literal["published", "page"]
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class About(Section):
    """What a reader is told about a data set.

    Attributes:
        title: name of the data set in tables and reports.
        language: language of the data set, as in `en`.
        licence: licence, as the authors of the data set state it.
        citation: publication in which the data set appeared.
        homepage: web address of the data set.
        type_names: names of entity types in tables and plots, where they differ from those in the tags.
        pictures: kind of images in the data set.
        caution: caveat, in one sentence, about all scores on the data set. Reports and the comparison with
            the thesis repeat it.
        contexts_from_text: contexts whose author had also read the text. A gain by one of them is not a gain
            by the image.
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
    """A data set. Its posts come from exactly one of `files`, `folder`, `generator` and `poner`.

    Attributes:
        files: raw files, by their path below `resources/data/<set>/`.
        folder: folder of your own data, with the split files and `images/`.
        generator: settings of a synthetic data set, such as the demo.
        poner: PONER's archive.
        without: data sets whose posts are left out of this one.
        posts: number of posts in each split, for estimates before anything is downloaded.
        images: archive of photos, of a data set with `files`.
        images_of: another data set with the same images, which are decoded and encoded once for both.
        fit: how an image is fitted into a square. `letterbox` shows it whole. `wrap` and `wrap_rtl` cut the
            image of a line of text into rows. The first row is the right end of the line for `wrap_rtl`, and
            for `wrap` where the `language` is written from right to left.
        tokenizer: how raw text is split into tokens for a run trained on this data set, to match the tokens
            of the data set. `words` makes every punctuation mark a token, `tweets` keeps hashtags and
            addresses whole, and `treebank` follows CoNLL.
        training: training settings of every run on this data set.
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
        if self.images and self.files is None:
            raise refused("images: an archive goes with files; put the images of a folder into its images/")
        if self.types == FOUND:
            if self.folder is None:
                raise refused("types: auto is for data in a folder of your own; name the types")
            return
        if unknown := [kind for kind in self.type_names if kind not in self.types]:
            raise refused(f"type_names: {unknown[0]!r} is none of the types {', '.join(self.types)}")
        names = [self.type_names.get(kind, kind) for kind in self.types]
        if twice := [name for name in names if names.count(name) > 1]:
            raise refused(f"type_names: two types are called {twice[0]!r}; give each a name of its own")
