"""Training of a single run: its data in batches, the training loop and its predictions."""
