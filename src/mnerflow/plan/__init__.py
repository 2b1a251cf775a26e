"""Planning: which runs a configuration asks for, the settings and inputs of each, and where results lie."""
