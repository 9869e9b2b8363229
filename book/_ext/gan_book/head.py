"""Under the title of a chapter: how long it takes to read, counted at build."""

from docutils import nodes

from .lessons import raw
from .search import words

PER_MINUTE = 200  # words
PICTURE, LESSON, FIGURE = 0.3, 0.7, 2.0  # minutes: to look at, to answer, to play with
NO_CHAPTERS = ("index", "glossary", "figures", "api", "next", "references")


def minutes(doctree: nodes.document) -> float:
    """What a reader needs who skips the folded parts' code but answers all that is asked."""
    prose = "".join(words(child) for child in doctree.children for child in sections(child))
    raws = "".join(node.astext() for node in doctree.findall(nodes.raw))
    lessons = raws.count("data-predict=") + raws.count("data-quiz=")
    figures = raws.count('data-figure="')
    pictures = sum(1 for _ in doctree.findall(nodes.image))
    return (
        len(prose.split()) / PER_MINUTE + PICTURE * pictures + LESSON * lessons + FIGURE * figures
    )


def sections(node: nodes.Node):
    """The node's children, and those of its sections, which `words` leaves out."""
    if not isinstance(node, nodes.section):
        yield node
        return
    for child in node.children:
        yield from sections(child)


def add_head(app, doctree, docname):
    if docname in NO_CHAPTERS or app.builder.format != "html":
        return
    title = next(doctree.findall(nodes.title), None)
    needed = minutes(doctree)
    if title is None or needed < 2:
        return
    rounded = max(5, 5 * round(needed / 5))
    text = f'<p class="gan-head"><span>About {rounded} minutes to read</span></p>'
    section = title.parent
    section.insert(section.index(title) + 1, raw(text))


def setup(app):
    app.connect("doctree-resolved", add_head)
