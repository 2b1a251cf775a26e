"""The one exception whose message is meant for the person who runs the workflow."""

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something that the user can mend: says what is wrong, where, and what to do.

    Scripts print its message as it stands, without a traceback, and exit with status 1.
    """


def suggest(name: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"`` for the known name nearest to ``name``, or an empty string."""
    nearest = get_close_matches(str(name), [str(k) for k in known], n=1, cutoff=0.5)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""
