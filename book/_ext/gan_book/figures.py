"""Interactive figures in static pages.

A notebook's output (or a ``{live}`` directive) leaves an empty root with the figure's state in the page. Here each
root is given the picture of that state, drawn by the figure's own JavaScript, and the page the scripts that it needs:
one for the host, one for the kit, one for each module of shared mathematics and one for each figure, so that a page
with several figures has nothing twice. Without JavaScript, and until the scripts have run, the picture is the figure.
"""

import base64
import json
import re
from importlib.resources import files
from pathlib import Path

import yaml
from docutils import nodes
from docutils.parsers.rst import Directive

import gan_tutorial.figures as package
from gan_tutorial.figures import linker, stills

ROOT = re.compile(
    r'(?P<open><div class="gan-figure" data-figure="(?P<name>[a-z0-9-]+)"[^>]*>)'
    rf"(?:{stills.BEGIN}.*?{stills.END}|<p>[^<]*</p>)?"  # what a saved output shows, for other viewers
    r'(?P<script><script type="application/json">(?P<state>.*?)</script>)</div>',
    re.DOTALL,
)


class LiveDirective(Directive):
    """``{live} OptimalDiscriminator`` with traits as YAML in its body: a figure on a page without code."""

    required_arguments = 1
    has_content = True

    def run(self):
        figure = getattr(package, self.arguments[0])
        traits = yaml.safe_load("\n".join(self.content)) or {}
        return [nodes.raw("", figure(**traits).to_html(), format="html")]


class FigureListDirective(Directive):
    """``{figure-list}``: every figure with what it shows and the pages on which it stands."""

    def run(self):
        source = Path(self.state.document.settings.env.srcdir)
        listed = nodes.bullet_list()
        for figure in all_figures():
            item = nodes.paragraph("", "", nodes.strong("", figure.title))
            for page in pages_with(figure, source):
                item += nodes.Text(" · ")
                item += nodes.reference(
                    "", title_of(page), refuri=f"{page.stem}.html", internal=True
                )
            listed += nodes.list_item("", item)
        return [listed]


def pages_with(figure, source: Path) -> list[Path]:
    """The sources that place the figure: a cell that makes it, or a ``{live}`` directive."""
    placed = re.compile(rf"\b{figure.__name__}\(|\{{live\}} {figure.__name__}\b")
    pages = sorted([*source.glob("*.ipynb"), *source.glob("*.md")])
    return [page for page in pages if placed.search(page.read_text(encoding="utf-8"))]


def title_of(page: Path) -> str:
    return re.search(r"# ([^\n\"\\]+)", page.read_text(encoding="utf-8"))[1]


def all_figures():
    return [getattr(package, name) for name in package.__all__]


def scripts(figures) -> dict[str, str]:
    """The classic scripts, which also load over ``file://``, that bring the given figures to a page: by name, in order.

    A script holds the linked modules of one folder; shared mathematics has one script for each module, since hardly a
    page needs all of it.
    """
    found = {"host": linker.read_script("modules.js") + linker.read_script("host.js")}
    for module in linker.closure(*(linker.drawing_of(figure.name) for figure in figures)):
        folder = module.split("/")[0]
        script = module.removesuffix(".js").replace("/", "-") if folder == "mathematics" else folder
        found[script] = found.get(script, "") + linker.wrapped(module)
    return found


def file_script(name: str) -> str:
    """A figure's binary file as a script that hands it over, see ``file`` in host.js."""
    content = (files("gan_tutorial") / "recorded" / name).read_bytes()
    return f'ganFigures.deliver("{name}", "{base64.b64encode(content).decode()}");\n'


def write_assets(app):
    target = app.outdir / "_static" / "figures"
    target.mkdir(parents=True, exist_ok=True)
    (target / "kit.css").write_text(linker.read_script("kit/kit.css"), encoding="utf-8")
    for name, text in scripts(all_figures()).items():
        (target / f"{name}.js").write_text(text, encoding="utf-8")
    for figure in all_figures():
        for name in getattr(figure, "files", ()):
            (target / f"{name}.js").write_text(file_script(name), encoding="utf-8")


class Pictures:
    """Draws first states in the build's JavaScript engine."""

    def __init__(self, engine):
        self.engine = engine
        self.loaded = False

    def load(self):
        if self.loaded:
            return
        self.loaded = True
        self.engine.evaluate(stills.sources(*(figure.name for figure in all_figures())))

    def html(self, name: str, state: dict) -> str:
        self.load()
        return self.engine.evaluate(stills.expression(name, state))


def fill(app, pagename, templatename, context, doctree):
    used = set()

    def picture(match):
        name = match["name"]
        used.add(name)
        return f"{match['open']}{app.gan_pictures.html(name, json.loads(match['state']))}{match['script']}</div>"

    context["body"] = ROOT.sub(picture, context.get("body", ""))
    if not used:
        return
    app.add_css_file("figures/kit.css")
    for script in scripts(figure for figure in all_figures() if figure.name in used):
        app.add_js_file(f"figures/{script}.js", loading_method="defer")


def setup(app):
    app.gan_pictures = Pictures(app.gan_engine)
    app.add_directive("live", LiveDirective)
    app.add_directive("figure-list", FigureListDirective)
    app.connect("builder-inited", write_assets)
    app.connect("html-page-context", fill)
