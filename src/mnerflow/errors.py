"""The one exception whose message is meant for the person who runs the workflow; wording of messages."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

# Control characters except tab and line end, marks that change the direction of text, and lone surrogates.
UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)


class UserError(Exception):
    """An error that the user can correct: its message says what is wrong, where, and what to do.

    Scripts print its message as it is, without a traceback, and exit with status 1.
    """


def listed(names: Iterable[str]) -> str:
    """The first ten names, as ``"a, b"``, and how many more there are."""
    names = list(names)
    rest = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + rest


def quantity(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``"1 post"``, ``"1,234 posts"``; ``many`` is an irregular plural."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def suggest(name: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"`` with the known name nearest to ``name``, or an empty string."""
    nearest = get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.5)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""


def check_known(names: Iterable[str], known: Iterable[str], place: str) -> None:
    """Raise ``UserError`` naming ``place`` and the nearest known name if a name is not configured."""
    for name in names:
        if name not in known:
            raise UserError(
                f"{place}: {name!r} is not configured{suggest(name, known)}. Known: {', '.join(known)}."
            )


def printable(text: str) -> str:
    """Make text safe for a terminal, a log or a table: characters that would act there are escaped."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
