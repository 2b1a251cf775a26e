"""To be imported before PyTorch by a job: modules stay, and are not to be looked through for garbage."""

import gc

# Of an import of PyTorch the collector takes a sixth, in which it finds next to nothing.
gc.set_threshold(200_000, 20, 50)
