"""Scanned pages with their transcription: text lines, their crops, and names that are found again on them."""
