"""What a configuration says of how data is made, read and prepared."""

from dataclasses import KW_ONLY, dataclass, field
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from mnerflow.config.refusals import refused
from mnerflow.config.types import (
    Counts,
    Distinct,
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

# How an image is brought into a square: whole, or cut into rows, the first from its left or its right end.
Fit = Literal["letterbox", "wrap", "wrap_rtl"]
TokenizerName = Literal["words", "tweets", "treebank"]  # how raw text is cut, ``data.tokenizers``
FOUND = "auto"  # types that are found in the files
Policy = Literal["fail", "blank", "drop"]  # what becomes of an image that cannot be used


@dataclass(frozen=True)
class ContextFiles(Section):
    """Where a context's texts stand: in files of a format, or in one that a language model writes.

    Attributes:
        files: by their names in the data set's folder.
        format: their parser, a module of ``mnerflow.data.contexts``.
        asked: alone, an entry of ``asked_contexts``, by which ``contexts.smk`` makes the file.
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
    """One file alone has the format of its suffix; that of an asked context is known."""
    if isinstance(given, str):
        return {"files": [given], "format": PurePath(given).suffix[1:]}
    if isinstance(given, dict) and "asked" in given:
        if len(given) > 1:
            raise refused("asked stands beside other keys; leave these out, or name files and their format")
        return {"files": [f"contexts/{given['asked']}.jsonl"], "format": "jsonl"} | given
    return given


ContextSource = Annotated[
    ContextFiles, BeforeValidator(_context_files, json_schema_input_type=InnerPath | ContextFiles)
]
Contexts = dict[Name, ContextSource]


@dataclass(frozen=True, kw_only=True)
class Columns(Section):
    """Which columns of a table of tokens are read: counted from 0, or by names that stand in its first line.

    Attributes:
        token: the column of tokens.
        tag: the column of tags; -1 is the last.
    """

    token: int | str
    tag: int | str

    def __post_init__(self) -> None:
        if isinstance(self.token, str) != isinstance(self.tag, str):
            raise refused("one column is named and one counted; name both, or count both from 0")


@dataclass(frozen=True)
class PrepareConfig(Section):
    """How a data set's raw files are read.

    Attributes:
        format: the parser, a module of ``mnerflow.data.formats``.
        types: the entity types, after ``map``; ``auto`` stands for those that the files of a folder have.
        splits: the raw file, or the files, of each split; dev and test may be left out.
        map: renames entity types, from their annotated name to one of ``types``, or to ``O``, which leaves
            them out.
        scheme: that of the tags, if it is another than IOB2: IOB1, BIOES (or BMES), BILOU, or types without
            a prefix (``io``). Tags are converted.
        columns: of `conll`, `conllu` and `hipe`, which are read.
        split_key: of `jsonl` and `spans`, the field that names a post's split, where one file holds several.
        text_key: of `spans`, the field of the text, where it is not `text`.
        tag_names: of `hugging_face`, the tags that numbers stand for, from 0, where the files do not say.
        layer: of `webanno`, where several have values: the layer, or layer|feature, whose values are names.
        language: of posts that do not say theirs.
        contexts: texts beside the posts, by name; a file, whose suffix tells its format, files and the name
            of their format, or the language model that is asked for them.
        repair: turn a stray ``I-`` into the ``B-`` it stands for; else tags stay as annotated.
        drop_first_token: lose each post's first token and its tag, as the thesis's parser did.
        dev_fraction: the share of training posts, whole groups where posts have one, that is drawn for dev
            where it has no file.
        test_fraction: the same for test.
        seed: of that draw.
    """

    format: Name
    types: Distinct[str] | Literal["auto"]
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

    @property
    def options(self) -> dict[str, Any]:
        """What the format is told, where anything is."""
        names = ("columns", "split_key", "text_key", "tag_names", "layer")
        return {name: value for name in names if (value := getattr(self, name))}


@dataclass(frozen=True)
class DemoConfig(Section):
    """A data set that the workflow makes itself.

    Attributes:
        posts: how many there are in each split.
        ambiguous: share of the entities of which the text does not tell the type.
        image_size: pixels a side.
        images: ``matched``, they show the type, or ``independent`` of it.
        seed: draws posts and pictures.
    """

    posts: Counts
    ambiguous: Share
    image_size: Annotated[int, Field(ge=16, le=1024)]
    images: Literal["matched", "independent"]
    seed: int
