"""Formulas set at build time: KaTeX runs once here, and the page needs only its style sheet and fonts."""

import json
import re
import xml.etree.ElementTree as ElementTree
from html import escape

from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from .engine import HERE, Engine

# How many children MathML asks for; a browser that is strict about it shows an error in a formula's place.
PAIRS, TRIPLES = ("mfrac", "mroot", "msub", "msup", "munder", "mover"), ("msubsup", "munderover")
ARGUMENTS = dict.fromkeys(PAIRS, 2) | dict.fromkeys(TRIPLES, 3)
# KaTeX ends the name of a function with "apply", also in a subscript, where nothing follows.
NOTHING_TO_APPLY_TO = re.compile("<mo>\u2061</mo>(?=</m(?:sub|sup)>)")
SOURCE = re.compile(r'(<annotation encoding="application/x-tex">).*?(</annotation>)', re.DOTALL)
MATHML = re.compile(r"<math.*?</math>", re.DOTALL)
ATTACHED = re.compile(r"[^\s\u2013\u2014]{1,12}")
BRACKET = re.compile(r"[(\[“‘\"]+$")
BASE = '<span class="base">'

logger = logging.getLogger(__name__)
OPTIONS = {"output": "htmlAndMathml", "throwOnError": False, "strict": "ignore"}
# The players and their densities wear the colours that they have in figures (book.css). Names of functions and words
# are passed over; a symbol keeps its own super- and subscript.
SYMBOLS = re.compile(
    r"""\\(?:text|mathrm|operatorname|mathbb|mathcal|mathbf|tag)\s*(?:\{[^{}]*\}|[A-Za-z](?![A-Za-z]))
    |\\(?:begin|end)\{\w+\**\}
    |(?P<data>[pP]_(?:\\text\s*\{data\}|\{\s*\\text\s*\{data\}\s*\}))
    |\\[A-Za-z]+
    |(?P<generator>[pP]_(?:g|\{g\})(?![A-Za-z])|(?<![A-Za-z])G)
    |(?P<discriminator>(?<![A-Za-z])D(?:\^\*|\^\{\*\})?(?:_G(?![A-Za-z]))?)""",
    re.VERBOSE,
)


def coloured(latex: str) -> str:
    r"""The same formula with the class of its player around each symbol: ``D^*`` is ``{\htmlClass{symbol-…}{D^*}}``."""

    def wrap(match: re.Match[str]) -> str:
        if match.lastgroup is None:
            return match[0]
        return rf"{{\htmlClass{{symbol-{match.lastgroup}}}{{{match[0]}}}}}"

    return SYMBOLS.sub(wrap, latex)


class Typesetter:
    """LaTeX in, HTML out; the same formula is set only once a build."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.known: dict[tuple[str, bool], str] = {}

    def load(self):
        self.engine.evaluate((HERE / "katex.min.js").read_text(encoding="utf-8"))
        self.engine.evaluate(
            "const typeset = (tex, options) => { try {"
            " const trust = (context) => context.command === '\\\\htmlClass';"
            " return { html: katex.renderToString(tex, { ...options, throwOnError: true, trust }) };"
            "} catch (error) { return { error: String(error.message) }; } };"
        )

    def html(self, latex: str, display: bool, node: nodes.Element) -> str:
        key = (latex, display)
        if key not in self.known:
            if not self.known:
                self.load()
            options = json.dumps({**OPTIONS, "displayMode": display})
            call = f"JSON.stringify(typeset({json.dumps(coloured(latex))}, {options}))"
            result = json.loads(self.engine.evaluate(call))
            if "error" in result:
                logger.warning("KaTeX: %s in %r", result["error"], latex, location=node)
            source = escape(latex, quote=False)
            said = SOURCE.sub(lambda m: f"{m[1]}{source}{m[2]}", result.get("html", ""))
            self.known[key] = NOTHING_TO_APPLY_TO.sub("", said)
            for error in malformed(self.known[key]):
                logger.warning("MathML: %s in %r", error, latex, location=node)
        return self.known[key]


def malformed(html: str) -> list[str]:
    """The elements of a formula's MathML that have another number of children than they may have."""
    found = []
    for text in MATHML.findall(html):
        for element in ElementTree.fromstring(text).iter():
            name = element.tag.split("}")[-1]
            if len(element) != ARGUMENTS.get(name, len(element)):
                found.append(f"<{name}> with {len(element)} children")
    return found


def keep_together(app, doctree, docname):
    """No line ends between a formula and what stands at it without a space: a full stop, a bracket, an 's.

    A formula that a line may end in is taken apart: its last piece is kept with what follows.
    """
    for formula in list(doctree.findall(nodes.math)):
        siblings = formula.parent.children
        place = siblings.index(formula)
        before, after = siblings[place - 1] if place else "", siblings[place + 1 : place + 2]
        start = ATTACHED.match(after[0]) if after and isinstance(after[0], nodes.Text) else None
        end = BRACKET.search(before) if isinstance(before, nodes.Text) else None
        group = nodes.inline(classes=["nobreak"])
        whole = app.gan_typesetter.html(formula.astext(), False, formula).count(BASE) < 2
        if start is None and (end is None or not whole):
            continue
        if start:
            siblings[place + 1] = nodes.Text(after[0][start.end() :])
        if whole and end:
            siblings[place - 1] = nodes.Text(before[: end.start()])
            group += nodes.Text(end[0])
        if whole:
            formula.replace_self(group)
            group += formula
        else:
            formula["part"] = "head"
            group += nodes.math("", formula.astext(), part="last")
            formula.parent.insert(place + 1, group)
        if start:
            group += nodes.Text(start[0])


def split(html: str) -> dict[str, str]:
    """A formula without the last piece that a line may begin with, and that piece; MathML stays with the first part."""
    at = html.rindex(BASE)
    opened = '<span class="katex"><span class="katex-html" aria-hidden="true">'
    return {"head": f"{html[:at]}</span></span>", "last": opened + html[at:]}


def visit_math(translator, node):
    html = translator.builder.app.gan_typesetter.html(node.astext(), False, node)
    part = split(html)[node["part"]] if "part" in node else html
    translator.body.append(f'<span class="math">{part}</span>')
    raise nodes.SkipNode


def visit_math_block(translator, node):
    typesetter = translator.builder.app.gan_typesetter
    translator.body.append(translator.starttag(node, "div", CLASS="math-block"))
    number = node.get("own-number") or (
        node["number"] and get_node_equation_number(translator, node)
    )
    if number:
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    html = typesetter.html(node.astext(), True, node)
    translator.body.append(f'<div class="math-scroll">{html}</div></div>\n')
    raise nodes.SkipNode


def add_style(app, pagename, templatename, context, doctree):
    if doctree is not None and next(
        doctree.findall(lambda n: isinstance(n, nodes.math | nodes.math_block)), None
    ):
        app.add_css_file("katex/katex.min.css")


def setup(app):
    app.gan_typesetter = Typesetter(app.gan_engine)
    app.add_html_math_renderer("katex", (visit_math, None), (visit_math_block, None))
    app.connect("doctree-resolved", keep_together)
    app.connect("html-page-context", add_style)
