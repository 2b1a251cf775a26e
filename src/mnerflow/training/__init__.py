"""One run: its data in batches, the training loop, its predictions."""
