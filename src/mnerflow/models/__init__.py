"""Taggers and their parts: encoders, fusions, decoders."""
