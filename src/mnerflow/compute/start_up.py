"""To be imported before PyTorch by a job: modules stay, and are not to be looked through for garbage."""

import atexit
import gc

# Of an import of PyTorch the collector takes a sixth, in which it finds next to nothing.
gc.set_threshold(200_000, 20, 50)
# An interpreter that ends looks through them again: half a second, though all memory goes back anyway.
atexit.register(gc.freeze)
