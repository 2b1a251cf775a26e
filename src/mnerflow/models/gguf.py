"""Unpacking of GGUF files into folders that every transformers model and tokenizer can be read from."""

import re
from pathlib import Path

from gguf import GGUFReader
from transformers import AutoModelForCausalLM, AutoTokenizer

from mnerflow.models.pretrained import SAFE, load_model, reading_pretrained
from mnerflow.models.weight_checks import check_fit, check_tensor


def unpack_gguf(folder: Path) -> None:
    """Replace a folder's only GGUF file by its dequantized weights and its tokenizer.

    This is done once per model, because dequantizing and building the tokenizer take longer than reading the
    result. Raises ``UserError`` if the file is damaged, or if its tensors do not belong to the model that it
    describes.
    """
    [file] = folder.glob("*.gguf")
    with reading_pretrained(
        file, "language model can be read from this file", "Fetch it again, or choose another."
    ):
        read = load_model(folder, AutoModelForCausalLM, gguf_file=file.name)
        for name, tensor in read.state_dict().items():
            check_tensor(file, name, tensor)
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file.name, **SAFE)
        layers = {tensor.name: re.match(r"blk\.(\d+)\.", tensor.name) for tensor in GGUFReader(file).tensors}
        depth = read.config.num_hidden_layers  # transformers skips layers beyond it
        check_fit(file, (), [name for name, layer in layers.items() if layer and int(layer[1]) >= depth], ())
    if hasattr(read.config, "quantization_config"):  # the file's own, which would rule out 4 bits later
        del read.config.quantization_config
    # A model read from GGUF refuses to be saved.
    model = type(read)(read.config)
    model.load_state_dict(read.state_dict())
    # The folder may contain links to a user's own files, which saving would overwrite.
    saved = folder / "saved"
    model.save_pretrained(saved)
    tokenizer.save_pretrained(saved)
    for written in saved.iterdir():
        written.replace(folder / written.name)
    saved.rmdir()
    file.unlink()
