"""The library's own code, read as text: what a run depends on, and what parts take."""
