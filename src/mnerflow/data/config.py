"""The part of a configuration that says how data is made, read and prepared."""

from dataclasses import KW_ONLY, dataclass, field
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from mnerflow.config.refusals import refused
from mnerflow.config.types import (
    Counts,
    Distinct,
    EntityType,
    InnerPath,
    Maybe,
    Name,
    PartShare,
    Section,
    Several,
    Share,
    SplitFiles,
)
from mnerflow.data.schemes import Scheme

# How an image is fitted into a square: whole, or cut into rows that start at its left or its right end.
Fit = Literal["letterbox", "wrap", "wrap_rtl"]
TokenizerName = Literal["words", "tweets", "treebank"]  # how raw text is split, see ``data.tokenizers``
FOUND = "auto"  # entity types are taken from the files
Policy = Literal["fail", "blank", "drop"]  # what happens to an image that cannot be used


@dataclass(frozen=True)
class ContextFiles(Section):
    """Where the texts of a context are: in files of one format, or in a file that a language model writes.

    Attributes:
        files: paths of the files in the data set's folder.
        format: parser of the files, a module of ``mnerflow.data.contexts``.
        asked: entry of ``asked_contexts`` with which ``contexts.smk`` makes the file; no other key is given.
    """

    __pydantic_config__ = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "required": [],
            "oneOf": [{"required": ["files", "format"]}, {"required": ["asked"]}],
        },
    )

    files: Several[InnerPath]
    format: Name
    _: KW_ONLY
    asked: Name = ""


def _context_files(given: Any) -> Any:
    """Fill in the format of a single file from its suffix, and file and format of an asked context."""
    if isinstance(given, str):
        return {"files": [given], "format": PurePath(given).suffix[1:]}
    if isinstance(given, dict) and "asked" in given:
        if len(given) > 1:
            raise refused("asked is given with other keys; leave them out, or name files and their format")
        return {"files": [f"contexts/{given['asked']}.jsonl"], "format": "jsonl"} | given
    return given


ContextSource = Annotated[
    ContextFiles, BeforeValidator(_context_files, json_schema_input_type=InnerPath | ContextFiles)
]
Contexts = dict[Name, ContextSource]


@dataclass(frozen=True, kw_only=True)
class Columns(Section):
    """Which columns of a table of tokens are read: by number from 0, or by name in the table's first line.

    Attributes:
        token: column of the tokens.
        tag: column of the tags; -1 is the last column.
        post: for `conll`, column that says to which post a token belongs, if no empty lines do. A new value
            begins a post, and an empty cell continues one.
    """

    token: int | str
    tag: int | str
    post: Maybe[int | str] = None

    def __post_init__(self) -> None:
        given = [column for column in (self.token, self.tag, self.post) if column is not None]
        if len({isinstance(column, str) for column in given}) > 1:
            raise refused("some columns are named and some counted; name all, or count all from 0")


@dataclass(frozen=True)
class PrepareConfig(Section):
    """How a data set's raw files are read.

    Attributes:
        format: parser of the files, a module of ``mnerflow.data.formats``.
        types: entity types, after ``map`` is applied; ``auto`` takes the types that a folder's files contain.
        splits: raw file, or files, of each split; dev and test may be left out.
        map: new names of entity types. Each annotated name is mapped to one of ``types``, or to ``O``, which
            leaves the entities out.
        scheme: scheme of the tags, if it is not IOB2: IOB1, BIOES (or BMES), BILOU, or types without a prefix
            (``io``). Tags are converted.
        columns: for `conll`, `conllu` and `hipe`, the columns to read.
        split_key: for `jsonl` and `spans`, the field that names a post's split, where one file contains
            several splits.
        text_key: for `spans`, the field that contains the text, where it is not `text`.
        tag_names: for `hugging_face`, the tags that numbers stand for, from 0, where the files do not say.
        layer: for `webanno`, where several layers have values, the layer, or layer|feature, of the named
            entities.
        language: language of posts that do not state their own.
        contexts: texts that accompany the posts, by name. Give one file, whose suffix tells its format; files
            and the name of their format; or the language model that writes the texts.
        repair: turn a stray ``I-`` into the ``B-`` it stands for; without it, tags stay as annotated.
        drop_first_token: drop the first token and its tag of each post that has several, as the thesis's
            parser did.
        dev_fraction: share of the training posts that is drawn for dev where it has no file. Posts that
            belong to a group are drawn as a whole group.
        test_fraction: share of the training posts that is drawn for test where it has no file, likewise.
        seed: seed of this random split.
    """

    format: Name
    types: Distinct[EntityType] | Literal["auto"]
    splits: SplitFiles
    _: KW_ONLY
    map: dict[str, str] = field(default_factory=dict)
    scheme: Maybe[Scheme] = None
    columns: Maybe[Columns] = None
    split_key: str = ""
    text_key: str = ""
    tag_names: Several[str] = field(default_factory=list)
    layer: str = ""
    contexts: Contexts = field(default_factory=dict)
    language: str = ""
    repair: bool = False
    drop_first_token: bool = False
    dev_fraction: PartShare = 0.1
    test_fraction: PartShare = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.columns and self.columns.post is not None and self.format != "conll":
            raise refused(f"columns.post is for `conll`; {self.format} marks its posts, so leave it out")

    @property
    def options(self) -> dict[str, Any]:
        """The options that are given to the format's parser."""
        names = ("columns", "split_key", "text_key", "tag_names", "layer")
        return {name: value for name in names if (value := getattr(self, name))}


@dataclass(frozen=True)
class DemoConfig(Section):
    """A data set that the workflow makes itself.

    Attributes:
        posts: number of posts in each split.
        ambiguous: share of the entities whose type the text does not tell.
        image_size: side of the images, in pixels.
        images: whether images show the entity type (``matched``) or are ``independent`` of it.
        seed: seed that draws posts and pictures.
    """

    posts: Counts
    ambiguous: Share
    image_size: Annotated[int, Field(ge=16, le=1024)]
    images: Literal["matched", "independent"]
    seed: int
