"""Trained runs as a web page and a REST endpoint: what ``mnerflow app`` serves."""
