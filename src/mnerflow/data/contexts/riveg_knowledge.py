"""Texts by a post's words, as RiVEG publishes them: an archive with a CoNLL file for each of three splits.

A post's words are followed by ``<EOS>`` and by what ChatGPT wrote about the post: one word per line, all with
the tag ``X``.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from mnerflow.data.archive import unpack
from mnerflow.data.formats._blocks import blocks
from mnerflow.errors import UserError

BY = "words"
SPLITS = ("train.txt", "valid.txt", "test.txt")
END = "<EOS>"


def texts(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, a post's words and the text that accompanies them, split by split.

    Raises ``UserError`` for an archive that lacks a split, and for a post without ``<EOS>``.
    """
    with TemporaryDirectory() as folder:
        found = unpack(path, Path(folder, "splits"), endings=(".txt",))
        if missing := [name for name in SPLITS if name not in found]:
            raise UserError(f"{path}: the archive lacks {missing[0]}. Download it again.")
        for name in SPLITS:
            for number, lines in blocks(Path(folder, "splits", name)):
                words = [line.partition("\t")[0] for line in lines]
                if END not in words:
                    raise UserError(f"{path}: {name}:{number}: a post without {END}. Download it again.")
                end = words.index(END)
                yield number, " ".join(words[:end]), " ".join(words[end + 1 :])
