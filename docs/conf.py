"""How `make site` builds these pages."""

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from mnerflow import __version__

DOCS = Path(__file__).parent

project, author, release = "mnerflow", "mnerflow developers", __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["attrs_block"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "description"
html_theme = "sphinx_book_theme"
html_title = "mnerflow"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "show_navbar_depth": 1,
    "use_fullscreen_button": False,
    "use_download_button": False,
    "navbar_persistent": [],  # the search stands in the sidebar already
}


def leave_as_text(app: Sphinx, page: nodes.document) -> None:
    """Take the link from what leads to a folder or page of the repository that is no page of the site."""
    for link in list(page.findall(addnodes.pending_xref)):
        path = link["reftarget"].partition("#")[0]
        target = DOCS / path
        within = target.resolve().is_relative_to(DOCS)
        elsewhere = not within and (target.is_dir() or target.with_suffix(".md").exists())
        if elsewhere or (path.endswith(".md") and (DOCS.parent / path).exists()):
            link.replace_self(link.children)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("doctree-read", leave_as_text)
