"""The book's own Sphinx extension: what makes the static pages small, alive and offline.

``mathematics``  formulas are set at build time with KaTeX, so no page carries a formula engine
``lessons``      predictions and questions that can be answered, from plain Markdown
``boxes``        theorems, proofs, captions, numbered equations, and links to them
``setters``      links that set the controls of a figure
``head``         what stands under a chapter's title: how long it takes to read
``cards``        what a term, a paper, an equation or a theorem is, at the link that points at it
``figures``      interactive figures: the scripts, the saved state, and a picture of the first state
``pictures``     which of them are data, for the dark theme
``samples``      real and generated pictures, on a page that runs no code
``pages``        what the stock theme loads and this book does not need; icons as a small font
``search``       an index of sections, and what finds them, over ``file://`` too
``freshness``    executed notebooks are forgotten when the package they import has changed
``execution``    notebooks that have to run are run side by side
``api``          fields, types and defaults on the API page, as the source has them
``address``      a sitemap and the cards of shared links, where the book has an address
"""

from . import (
    address,
    api,
    boxes,
    cards,
    engine,
    execution,
    figures,
    freshness,
    head,
    lessons,
    mathematics,
    pages,
    pictures,
    samples,
    search,
    setters,
)

PARTS = (
    engine,
    mathematics,
    lessons,
    boxes,
    setters,
    cards,
    head,
    figures,
    pictures,
    samples,
    pages,
    search,
    freshness,
    execution,
    api,
    address,
)


def setup(app):
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": False}
