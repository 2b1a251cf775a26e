"""Files: read and written so that nothing is lost, and no error reaches a person as a traceback."""
