"""Packages that an installation lacks, and the extras of pyproject.toml that provide them."""

import re
from importlib.metadata import PackageNotFoundError, requires

EXTRA = re.compile(r"([\w.-]+).*; extra == \"([\w-]+)\"")


def how_to_install(module: str) -> str:
    """How to install a module that cannot be imported: an extra of mnerflow, or the module itself."""
    try:
        wanted = requires("mnerflow") or []
    except PackageNotFoundError:  # it runs from a checkout that is not installed
        wanted = []
    brought = filter(None, map(EXTRA.fullmatch, wanted))
    names = {found[1].lower().replace("-", "_"): found[2] for found in brought}
    name = module.partition(".")[0]
    if extra := names.get(name.lower()):
        return f"it comes with mnerflow's extra `{extra}`: pip install '.[{extra}]' in a checkout"
    return f"pip install {name}"
