"""Language models behind an API, as rivals of trained models and as authors of contexts."""
