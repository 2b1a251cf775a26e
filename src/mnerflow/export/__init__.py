"""A trained run as a folder that a model hub takes: what ``mnerflow export`` writes."""
