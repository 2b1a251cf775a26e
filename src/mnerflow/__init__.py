"""mnerflow: does an image help a model to find the names in a text?"""

__version__ = "0.1.0"
