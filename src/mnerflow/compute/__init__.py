"""The hardware that code runs on: the processor or GPUs, and their memory."""
