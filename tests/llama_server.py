"""llama.cpp's server from its Python package, on a free loopback port: prints its address and serves.

Run as ``python llama_server.py PACKAGES MODEL``: the folder that contains the package, and a GGUF file.
"""

import signal
import sys

sys.path.insert(0, sys.argv[1])
import xllamacpp

settings = xllamacpp.CommonParams()
settings.model.path = sys.argv[2]
settings.hostnames = ["127.0.0.1"]
settings.port = 0
settings.n_ctx = 8192
settings.n_parallel = 2
settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(settings)
print(server.listening_address, flush=True)
signal.sigwait({signal.SIGTERM, signal.SIGINT})
