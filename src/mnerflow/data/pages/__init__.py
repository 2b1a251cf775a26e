"""Scanned pages with their transcription: text lines, their crops, and the names on them."""
