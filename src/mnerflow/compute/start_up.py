"""To be imported before PyTorch by a job: modules stay, and are not to be looked through for garbage."""

import atexit
import gc
import signal

# Of an import of PyTorch the collector takes a sixth, in which it finds next to nothing.
gc.set_threshold(200_000, 20, 50)
# An interpreter that ends looks through them again: half a second, though all memory goes back anyway.
atexit.register(gc.freeze)
# Until `mnerflow.log.job` has a log to say it in, a job that Ctrl-C ends does so without a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
