"""Settings of Sphinx for the book; copied to its source as ``conf.py``. Nothing is fetched from outside when a page is read."""

project = "course_vi"
html_title = "course_vi: variational learning"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx-mathjax-offline",
]
nb_execution_mode = "off"  # lectures are executed, and their claims asserted, by `make notebooks`
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "html_image"]
myst_heading_anchors = 4
autosummary_generate = True
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_google_docstring = True
napoleon_use_ivar = True
html_theme = "sphinx_book_theme"
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
}
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_extra_path = ["_extra"]
html_show_sourcelink = False
exclude_patterns = ["_extra"]
suppress_warnings = [
    "myst.header",  # a notebook may begin below the first level
    "mystnb.unknown_mime_type",
    "ref.python",  # a class is found where it is written and where it is imported from
    "misc.highlighting_failure",  # a cell that a learner fills is no finished Python
]
