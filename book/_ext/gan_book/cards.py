"""Cards: what a term, a citation, an equation or a box is, shown at the link that points at it (`_static/cards.js`).

What lies on the same page the script finds there. For targets on other pages, and for links to papers that are in the
book's bibliography, the page carries a small text for each link it has.
"""

import html
import json
import re
from pathlib import Path

from docutils import nodes
from pybtex.database import parse_file

PAPER = re.compile(
    r"https?://(?:arxiv\.org/(?:abs|pdf)/(?P<arxiv>[\w.]+?)(?:v\d+)?(?:\.pdf)?|(?:dx\.)?doi\.org/(?P<doi>\S+))$"
)
LINK = re.compile(r'<a class="[^"]*reference[^"]*" (?:[^>]* )?href="(?P<to>[^"]+)"')


def collect(app, doctree):
    """Remember the text of every glossary term, box and numbered equation under its page and anchor."""
    docname = app.env.docname
    cards = app.env.gan_cards = getattr(app.env, "gan_cards", {})
    slugs = app.env.metadata[docname].setdefault("myst_slugs", {})
    for item in doctree.findall(nodes.definition_list_item):
        for term in item.findall(nodes.term):
            for identifier in term.get("ids", []):
                cards[docname, identifier] = item.children[-1].deepcopy()
                slugs[identifier] = (
                    term.line or 0,
                    identifier,
                    term.astext(),
                )  # for links in Markdown
    for box in doctree.findall(nodes.container):
        if "gan-box" in box["classes"]:
            for identifier in box["ids"]:
                cards[docname, identifier] = box.deepcopy()
    for formula in doctree.findall(nodes.math_block):
        for identifier in formula["ids"] if formula.get("own-number") else []:
            cards[docname, identifier] = formula.deepcopy()


def forget(app, env, docname):
    cards = getattr(env, "gan_cards", {})
    for key in [key for key in cards if key[0] == docname]:
        del cards[key]


def papers(app) -> dict[str, str]:
    """A line for each work of the bibliography, by its arXiv number and its DOI."""
    if not hasattr(app, "gan_papers"):
        app.gan_papers = {}
        for file in app.config.bibtex_bibfiles:
            for entry in parse_file(str(Path(app.srcdir, file))).entries.values():
                line = in_a_line(entry)
                for field in ("eprint", "doi"):
                    if field in entry.fields:
                        app.gan_papers[entry.fields[field].lower()] = line
    return app.gan_papers


def in_a_line(entry) -> str:
    """Authors (year). Title. Where."""
    people = [" ".join(person.last_names) for person in entry.persons.get("author", [])]
    named = people if len(people) < 4 else [people[0], "others"]
    authors = ", ".join(named[:-1]) + (" and " if len(named) > 1 else "") + "".join(named[-1:])
    fields = entry.fields
    where = fields.get("journal") or fields.get("booktitle") or fields.get("publisher") or ""
    text = f"{authors} ({fields.get('year', '')}). {fields.get('title', '')}. {where}".strip()
    text = re.sub(r"[{}]|\\(?=[&%$#_])", "", text)
    return f"<p>{html.escape(text.rstrip('. '))}.</p>"


def rendered(app, node: nodes.Element) -> str:
    """The HTML of a remembered piece; links in it lead nowhere from a card."""
    copy = node.deepcopy()
    for inner in [*copy.findall(lambda n: n.tagname in ("pending_xref", "reference"))]:
        inner.replace_self(nodes.inline("", "", *inner.children))
    for part in copy.findall(nodes.Element):
        part["ids"] = []
    if isinstance(copy, nodes.definition):
        copy = nodes.container("", *copy.children)
    return app.builder.render_partial(copy)["fragment"]


def add_cards(app, pagename, templatename, context, doctree):
    body = context.get("body", "")
    if doctree is None or not body:
        return
    cards, known, found = getattr(app.env, "gan_cards", {}), papers(app), {}
    for match in LINK.finditer(body):
        to = html.unescape(match["to"])
        if to in found:
            continue
        page, _, anchor = to.partition("#")
        paper = PAPER.match(to)
        if paper:
            line = known.get((paper["arxiv"] or paper["doi"]).lower())
            if line:
                found[to] = line
        elif anchor and page.endswith(".html"):
            node = cards.get((page.removesuffix(".html"), anchor))
            if node is not None:
                found[to] = rendered(app, node)
    if found:
        data = json.dumps(found, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        context["body"] = f'{body}<script type="application/json" id="gan-cards">{data}</script>'


def setup(app):
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("html-page-context", add_cards)
