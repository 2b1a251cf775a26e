"""The library's own code, read as text: what a run depends on, and which options its parts have."""
