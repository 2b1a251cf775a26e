"""Families of text encoders and language models."""


def sections() -> list[str]:
    """Sections of the page in Markdown."""
    return []
