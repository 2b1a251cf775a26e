"""GGUF files as folders that every transformers model and tokenizer is read from."""

import struct
from pathlib import Path

from transformers import AutoModelForCausalLM, AutoTokenizer

from mnerflow.errors import UserError


def unpack_gguf(folder: Path) -> None:
    """Write the dequantized weights and the tokenizer of a folder's one GGUF file beside it, and remove it.

    Done once a model, since dequantizing and building the tokenizer take longer than reading their result.
    """
    file, *others = sorted(folder.glob("*.gguf"))
    if others:
        raise UserError(
            f"{folder}: more than one GGUF file. Name one of them (`source: ORG/NAME/FILE.gguf`), or a "
            "`path:` that holds no other."
        )
    try:
        read = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file.name)
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file.name)
    except (OSError, ValueError, KeyError, IndexError, struct.error) as error:  # the last from half a file
        raise UserError(f"{file}: no language model can be read from this file ({error}).") from error
    # A model read from GGUF refuses to be saved.
    model = type(read)(read.config)
    model.load_state_dict(read.state_dict())
    # Beside it may lie links to a user's own files, which saving would write through.
    saved = folder / "saved"
    model.save_pretrained(saved)
    tokenizer.save_pretrained(saved)
    for written in saved.iterdir():
        written.replace(folder / written.name)
    saved.rmdir()
    file.unlink()
