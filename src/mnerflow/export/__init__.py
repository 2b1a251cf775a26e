"""A trained run as a folder for a model hub: what ``mnerflow export`` writes."""
