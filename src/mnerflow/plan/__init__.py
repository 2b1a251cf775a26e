"""Planning: which runs a configuration asks for, what each is told and reads, and where results lie."""
