"""Which text encoder can read the posts: MiniLM knows English, and almost no script other than Latin."""

import regex

from mnerflow.data.check.findings import Findings

LATIN = regex.compile(r"\p{Latin}")
LETTER = regex.compile(r"\p{L}")
# Common in every English text, and rare in other languages with Latin script.
ENGLISH = frozenset(["the", "and", "of", "with", "you", "this", "that", "from", "it", "not", "have", "my"])
FEW = 0.02  # share of these words below which a text is unlikely to be English
ENOUGH = 100  # words from which the share is meaningful
FAMILIAR, STRANGE = "minilm", "e5"


def choose_encoders(findings: Findings) -> None:
    """Set the text encoders for the configuration, the one to be trained first, and note the reason."""
    letters = latin = words = known = 0
    for _, post in findings.posts():
        text = " ".join(post.tokens)
        letters += len(LETTER.findall(text))
        latin += len(LATIN.findall(text))
        lettered = [word for word in text.casefold().split() if LETTER.search(word)]
        words += len(lettered)
        known += sum(word in ENGLISH for word in lettered)
    if 2 * latin < letters:
        findings.notes.append(
            f"{100 * (1 - latin / letters):.0f} % of the letters are not Latin. MiniLM can barely read "
            "other scripts, so multilingual E5 small is used, which a run fetches from the model hub. "
            "Without a hub, name a folder of its weights as `source: path:FOLDER`."
        )
        findings.encoders = [STRANGE]
        return
    english = known / max(1, words)
    if words < ENOUGH or (english >= FEW and 10 * latin >= 9 * letters):
        findings.encoders = [FAMILIAR]
        return
    findings.notes.append(
        f"MiniLM knows English best, and here {100 * english:.1f} % of the words are common English ones "
        f"(the, and, of), and {100 * (1 - latin / letters):.0f} % of the letters are not Latin. For "
        f"another language, write `text_encoders: [{STRANGE}]` below `grid`; it comes from the model hub."
    )
    findings.encoders = [FAMILIAR, STRANGE]
