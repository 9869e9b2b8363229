"""Formulas set at build time: KaTeX runs once here, and the page needs only its style sheet and fonts."""

import json

from docutils import nodes
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from .engine import HERE, Engine

logger = logging.getLogger(__name__)
OPTIONS = {"output": "htmlAndMathml", "throwOnError": False, "strict": "ignore", "trust": False}


class Typesetter:
    """LaTeX in, HTML out; the same formula is set only once a build."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.known: dict[tuple[str, bool], str] = {}

    def load(self):
        self.engine.evaluate((HERE / "katex.min.js").read_text(encoding="utf-8"))
        self.engine.evaluate(
            "const typeset = (tex, options) => { try {"
            " return { html: katex.renderToString(tex, { ...options, throwOnError: true }) };"
            "} catch (error) { return { error: String(error.message) }; } };"
        )

    def html(self, latex: str, display: bool, node: nodes.Element) -> str:
        key = (latex, display)
        if key not in self.known:
            if not self.known:
                self.load()
            options = json.dumps({**OPTIONS, "displayMode": display})
            call = f"JSON.stringify(typeset({json.dumps(latex)}, {options}))"
            result = json.loads(self.engine.evaluate(call))
            if "error" in result:
                logger.warning("KaTeX: %s in %r", result["error"], latex, location=node)
            self.known[key] = result.get("html", "")
        return self.known[key]


def visit_math(translator, node):
    typesetter = translator.builder.app.gan_typesetter
    translator.body.append(
        f'<span class="math">{typesetter.html(node.astext(), False, node)}</span>'
    )
    raise nodes.SkipNode


def visit_math_block(translator, node):
    typesetter = translator.builder.app.gan_typesetter
    translator.body.append(translator.starttag(node, "div", CLASS="math-block"))
    if node["number"]:
        number = get_node_equation_number(translator, node)
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
    app.connect("html-page-context", add_style)
