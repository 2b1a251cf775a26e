"""Settings of garbage collection and Ctrl-C for a job, to be imported before PyTorch.

Modules stay in memory, so it is useless to search them for garbage.
"""

import atexit
import gc
import signal

# The collector takes a sixth of the time of importing PyTorch and finds next to nothing.
gc.set_threshold(200_000, 20, 50)
# At exit, the interpreter searches them again for half a second, although all memory is freed anyway.
atexit.register(gc.freeze)
# Until `mnerflow.log.job` has opened a log, Ctrl-C ends a job without a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
