"""Image models."""


def sections() -> list[str]:
    """Sections of the page in Markdown."""
    return []
