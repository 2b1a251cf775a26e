"""Parts of a text, given by the characters where they start and end (exclusive)."""

Offsets = tuple[int, int]
Span = tuple[int, int, str]  # with an entity type
