"""What a text encoder cannot read: words that its vocabulary lacks, posts longer than its window."""

from pathlib import Path
from typing import Any

from mnerflow.data.check.findings import Findings, Problem
from mnerflow.errors import UserError, quantity

WEIGHTS = Path("resources/weights")
MANY = 0.05  # share of unknown tokens from which another encoder should be tried


def check_reading(findings: Findings, encoder: str) -> None:
    """Count, by split, tokens with a subword that ``encoder`` does not know, and posts too long for it.

    Both counts are noted, and a large share of such tokens is a problem. ``encoder`` is a folder of weights,
    or the name of an encoder that a run has fetched. Raises ``UserError`` if it has no tokenizer.
    """
    tokenizer = _tokenizer(encoder)
    unknown, longest = tokenizer.unk_token_id, tokenizer.model_max_length
    for split, posts in findings.splits.items():
        tokens = strange = long = 0
        for post in posts:
            if post.tokens:
                rows = tokenizer(post.tokens, add_special_tokens=False, verbose=False)["input_ids"]
                tokens += len(rows)
                strange += sum(not row or unknown in row for row in rows)
                long += sum(map(len, rows)) + 2 > longest
        share = strange / max(1, tokens)
        findings.notes.append(
            f"{split}: {encoder} has no subword for {100 * share:.1f} % of the tokens; longer "
            f"than its window of {quantity(longest, 'subword')}: {quantity(long, 'post')}."
        )
        if share >= MANY:
            what = f"{findings.name(split)}: {encoder} has no subword for {100 * share:.1f} % of the tokens"
            remedy = "Use an encoder of the language, or a multilingual one (intfloat/multilingual-e5-small)."
            findings.problems.append(Problem(what, remedy, False))


def _tokenizer(encoder: str) -> Any:
    from transformers import AutoTokenizer

    folder = next((path for path in (Path(encoder), WEIGHTS / encoder) if path.is_dir()), None)
    if folder is None:
        raise UserError(
            f"--encoder: neither a folder {encoder} nor {WEIGHTS / encoder} is here. Name a folder of "
            "weights, or an encoder that a run has fetched."
        )
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise UserError(
            f"--encoder: {folder} holds no tokenizer that can be read ({first}). Name a folder of weights."
        ) from error
