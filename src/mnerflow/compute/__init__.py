"""What the code runs on: the processor or GPUs, their memory, one process or several."""
