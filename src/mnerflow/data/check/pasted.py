"""The configuration that runs a data set, as lines to paste."""

import json
import math
import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unicodedata import bidirectional

from mnerflow.data.check.findings import Findings
from mnerflow.data.formats import cuts_images
from mnerflow.data.post import SPLITS

ENCODERS: dict[str, dict[str, Any]] = {
    "minilm": {"options": {"layers": 0, "trained_layers": 0, "casing": True}},
    "e5": {
        "kind": "transformer",
        "source": "intfloat/multilingual-e5-small",
        "revision": "614241f622f53c4eeff9890bdc4f31cfecc418b3",
    },
}
STEPS = 600  # training steps after which MiniLM has learnt what a small data set teaches
STEP = 750  # tokens per step, about 1,024 subwords


def configuration(findings: Findings) -> str:
    """The YAML that runs the data set, with an encoder that can read it and enough epochs for its size."""
    name, entry = entry_of(findings)
    grid: dict[str, Any] = {"datasets": [name], "text_encoders": findings.encoders[:1]}
    if findings.images:
        grid |= {"image_encoders": ["cnn"], "fusions": ["text_only", "linear", "cross_attention"]}
    else:
        grid |= {"fusions": ["text_only"]}
    grid |= {"variants": ["crf"], "seeds": [1, 2, 3]}
    training = {"epochs": _epochs(findings), "batch_tokens": 1024, "learning_rate": {"text": 2e-4}}
    lines = ["datasets:", f"  {name}:", *(f"    {key}: {_yaml(value)}" for key, value in entry.items()), ""]
    lines.append("text_encoders:")
    for encoder in findings.encoders:
        settings = ENCODERS[encoder] | {"training": training}
        lines += [f"  {encoder}:", *(f"    {key}: {_yaml(value)}" for key, value in settings.items())]
    lines += ["", "grid:"]
    first, *others = (f"{key}: {_yaml(value)}" for key, value in grid.items())
    return "\n".join([*lines, f"  - {first}", *(f"    {line}" for line in others)]) + "\n"


def entry_of(findings: Findings) -> tuple[str, dict[str, Any]]:
    """The name of the data set, and its entry in ``datasets``."""
    splits = {split: names[0] if len(names) == 1 else names for split, names in findings.files.items()}
    entry = {
        "folder": _folder(findings.folder),
        "format": findings.format,
        "types": list(findings.hints.types or findings.types),
        "splits": splits,
        **_reading(findings),
    }
    if findings.strips:
        entry["fit"] = "wrap_rtl" if _leftwards(findings) else "wrap"
    if cuts_images(findings.format):
        entry["pictures"] = "scans"
    return _name(findings.place.resolve().name), entry


def _name(folder: str) -> str:
    name = re.sub("[^a-z0-9]+", "_", folder.lower()).strip("_") or "data"
    return name if name.startswith("my_") else f"my_{name}"  # no number in YAML, and no known data set


def _folder(folder: Path) -> str:
    """The path of a folder, relative to where the workflow starts if it lies below."""
    whole, here = folder.resolve(), Path.cwd().resolve()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def _reading(findings: Findings) -> dict[str, object]:
    """The keys of the data set's entry that are needed to read its files."""
    found: dict[str, object] = {}
    if findings.columns:
        columns = asdict(findings.columns).items()
        found["columns"] = {name: column for name, column in columns if column is not None}
    if findings.scheme:
        found["scheme"] = findings.scheme
    if findings.split_key:
        found["split_key"] = findings.split_key
    found |= findings.hints.options
    missing = [split for split in SPLITS if split not in findings.files]
    return found | {f"{split}_fraction": 0.1 for split in missing}


def _leftwards(findings: Findings) -> bool:
    """Whether most words begin with a letter of a right-to-left script."""
    directions = Counter(bidirectional(token[0]) for _, post in findings.posts() for token in post.tokens)
    return directions["R"] + directions["AL"] > directions["L"]


def _epochs(findings: Findings) -> int:
    tokens = sum(len(post.tokens) for post in findings.splits["train"])
    return min(20, max(5, math.ceil(STEPS * STEP / max(1, tokens))))


def _yaml(value: object) -> str:
    """A value on one line of YAML."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_yaml(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, float):
        return f"{value:.1e}" if value < 0.01 else str(value)
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(text: str) -> str:
    """``text`` in YAML: unquoted if that is safe (``no`` is not), else as a JSON string."""
    words = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
    safe = re.fullmatch(r"[A-Za-z/][A-Za-z0-9_./-]*", text) and text.lower() not in words
    return text if safe else json.dumps(text, ensure_ascii=False)
