"""The one exception whose message is meant for the person who runs the workflow."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

# Control characters but tab and line end, marks that turn the direction of what follows, half characters.
UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)


class UserError(Exception):
    """Something that the user can mend: says what is wrong, where, and what to do.

    Scripts print its message as it stands, without a traceback, and exit with status 1.
    """


def listed(names: Iterable[str]) -> str:
    """``"a, b"``, the first ten names and how many more there are."""
    names = list(names)
    rest = f" and {len(names) - 10:,} more" if len(names) > 10 else ""
    return ", ".join(names[:10]) + rest


def quantity(number: int, one: str, many: str = "") -> str:
    """``"1 post"``, ``"1,234 posts"``; ``many`` where an s at the end of ``one`` does not make the plural."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def suggest(name: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"`` for the known name nearest to ``name``, or an empty string."""
    nearest = get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.5)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""


def check_known(names: Iterable[str], known: Iterable[str], place: str) -> None:
    """Raise ``UserError`` naming ``place`` and the nearest known name when a name is not configured."""
    for name in names:
        if name not in known:
            raise UserError(
                f"{place}: {name!r} is not configured{suggest(name, known)}. Known: {', '.join(known)}."
            )


def printable(text: str) -> str:
    """``text`` for a terminal, a log or a table: what would act there, as clear a screen, is written out."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
