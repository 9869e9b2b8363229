"""Interactive figures in static pages.

A notebook's output (or a ``{live}`` directive) leaves an empty root with the figure's state in the page. Here each
root is given the picture of that state, drawn by the figure's own JavaScript, and the page the scripts that it needs:
one for the host, one for the kit, one for each module of shared mathematics and one for each figure, so that a page
with several figures has nothing twice. Without JavaScript, and until the scripts have run, the picture is the figure.
"""

import base64
import html
import json
import re
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
    """``{figure-list}``: every figure as a picture, with what it shows, its own page and its places in the chapters."""

    def run(self):
        env = self.state.document.settings.env
        listed = nodes.container(classes=["gan-gallery"])
        for figure in all_figures():
            picture = env.app.gan_pictures.html(figure.name, figure().state(), "gan-plots")
            thumb = f'<div class="gan-figure gan-thumb" aria-hidden="true">{picture}</div>'
            item = nodes.paragraph("", "", nodes.strong("", figure.title))
            item += nodes.Text(": ")
            item += link("alone", f"figures/{figure.name}.html")
            for page in pages_with(figure, Path(env.srcdir)):
                item += nodes.Text(" · ")
                item += link(title_of(page), f"{page.stem}.html#{anchor(figure)}")
            entry = nodes.container(classes=["gan-entry"])
            entry += [nodes.raw("", thumb, format="html"), item]
            listed += entry
        return [listed]


def link(words: str, address: str) -> nodes.reference:
    return nodes.reference("", words, refuri=address, internal=True)


def anchor(figure) -> str:
    """Where the figure first stands on a page."""
    return f"figure-{figure.name}"


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
    drawings = (linker.drawing_of(figure.name) for figure in figures)
    for module in linker.closure("kit/share.js", *drawings):
        folder = module.split("/")[0]
        script = module.removesuffix(".js").replace("/", "-") if folder == "mathematics" else folder
        found[script] = found.get(script, "") + linker.wrapped(module)
    return found


def file_script(figure, name: str) -> str:
    """A figure's binary file as a script that hands it over, see ``file`` in host.js."""
    content = figure.file(name)
    return f'ganFigures.deliver("{name}", "{base64.b64encode(content).decode()}");\n'


def write_assets(app):
    target = app.outdir / "_static" / "figures"
    target.mkdir(parents=True, exist_ok=True)
    for sheet in ("kit/kit.css", "alone.css"):
        text = linker.read_script(sheet)
        (target / Path(sheet).name).write_text(text, encoding="utf-8")
    for name, text in scripts(all_figures()).items():
        (target / f"{name}.js").write_text(text, encoding="utf-8")
    for figure in all_figures():
        for name in figure.files:
            (target / f"{name}.js").write_text(file_script(figure, name), encoding="utf-8")


ALONE = """<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<script>
const mode = localStorage.getItem("mode");
const dark = mode === "dark" || (mode !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
if (dark) document.documentElement.dataset.theme = "dark";
</script>
<link rel="icon" href="../_static/logo.svg">
<link rel="stylesheet" href="../_static/figures/kit.css">
<link rel="stylesheet" href="../_static/figures/alone.css">
{scripts}
</head>
<body class="gan-alone"><main>{figure}</main></body>
</html>
"""


def write_pages(app, exception):
    """Each figure on a page of its own, for slides."""
    if exception or app.builder.format != "html":
        return
    folder = app.outdir / "figures"
    folder.mkdir(exist_ok=True)
    for figure in all_figures():
        own = {"address": True} if "address" in figure.settings() else {}
        tags = (
            f'<script defer src="../_static/figures/{name}.js"></script>'
            for name in scripts([figure])
        )
        page = ALONE.format(
            title=html.escape(figure.title),
            scripts="\n".join(tags),
            figure=with_picture(app, figure(**own).to_html()),
        )
        (folder / f"{figure.name}.html").write_text(page, encoding="utf-8")


def with_picture(app, text: str) -> str:
    """The text with a picture in each figure's root."""

    def picture(match):
        drawn = app.gan_pictures.html(match["name"], json.loads(match["state"]))
        return f"{match['open']}{drawn}{match['script']}</div>"

    return ROOT.sub(picture, text)


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

    def html(self, name: str, state: dict, part: str = "") -> str:
        """The figure's inside, or the part of it that has the class."""
        self.load()
        return self.engine.evaluate(stills.expression(name, state, part))


def fill(app, pagename, templatename, context, doctree):
    body = context.get("body", "")
    used = {match["name"] for match in ROOT.finditer(body)}
    body = with_picture(app, body)
    for name in used:
        root = f'<div class="gan-figure" data-figure="{name}"'
        body = body.replace(root, f'<div id="figure-{name}"{root[4:]}', 1)
    context["body"] = body
    if used or "gan-thumb" in body:
        app.add_css_file("figures/kit.css")
    if not used:
        return
    for script in scripts(figure for figure in all_figures() if figure.name in used):
        app.add_js_file(f"figures/{script}.js", loading_method="defer")


def setup(app):
    app.gan_pictures = Pictures(app.gan_engine)
    app.add_directive("live", LiveDirective)
    app.add_directive("figure-list", FigureListDirective)
    app.connect("builder-inited", write_assets)
    app.connect("html-page-context", fill)
    app.connect("build-finished", write_pages, priority=100)  # before the engine is closed
