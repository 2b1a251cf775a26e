"""Language models behind an API, as rivals of what is trained and as authors of contexts."""
