"""Keeps the pages light: no script that this book does not use, and the theme's icons as a font of a few kilobytes."""

from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset

UNUSED = ("thebe", "require.js", "mathjax", "ipywidgets", "vnd.jupyter.widget-state")
ICONS = {
    "angle-left": 0xF104,
    "angle-right": 0xF105,
    "arrow-up": 0xF062,
    "bars": 0xF0C9,
    "circle-half-stroke": 0xF042,
    "code": 0xF121,
    "chevron-down": 0xF078,
    "chevron-left": 0xF053,
    "chevron-right": 0xF054,
    "chevron-up": 0xF077,
    "circle-exclamation": 0xF06A,
    "circle-info": 0xF05A,
    "download": 0xF019,
    "expand": 0xF065,
    "file": 0xF15B,
    "file-lines": 0xF15C,
    "file-pdf": 0xF1C1,
    "hand-point-right": 0xF0A4,
    "lightbulb": 0xF0EB,
    "list": 0xF03A,
    "magnifying-glass": 0xF002,
    "moon": 0xF186,
    "outdent": 0xF03B,
    "pencil": 0xF303,
    "play": 0xF04B,
    "rocket": 0xF135,
    "sun": 0xF185,
    "triangle-exclamation": 0xF071,
}
BRANDS = {"github": 0xF09B}
FONTS = {"icons": ("fa-solid-900.ttf", ICONS), "brands": ("fa-brands-400.ttf", BRANDS)}
STYLE = """@font-face {
  font-family: "FontAwesome"; font-weight: 900; font-display: block; src: url("icons.woff") format("woff");
}
@font-face { font-family: "FontAwesomeBrands"; font-display: block; src: url("brands.woff") format("woff"); }
.fa-solid, .fas, .fa-regular, .far, .fa, .fa-brands, .fab {
  font-family: "FontAwesome"; font-weight: 900; font-style: normal; line-height: 1; display: inline-block;
}
.fa-brands, .fab { font-family: "FontAwesomeBrands"; font-weight: 400; }
.fa-lg { font-size: 1.25em; line-height: 0.05em; vertical-align: -0.075em; }
"""


def write_icons(app):
    """Subset FontAwesome Free (fonts: SIL OFL 1.1), which ships with the theme, to the icons that pages show."""
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
    target = Path(app.outdir) / "_static" / "icons"
    target.mkdir(parents=True, exist_ok=True)
    for name, (file, icons) in FONTS.items():
        source = next(theme.glob(f"vendor/fontawesome/*/webfonts/{file}"))
        options = subset.Options(flavor="woff", layout_features=[], notdef_outline=True)
        font = subset.load_font(str(source), options)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=icons.values())
        subsetter.subset(font)
        subset.save_font(font, str(target / f"{name}.woff"), options)
    every = {**ICONS, **BRANDS}
    rules = [f'.fa-{name}::before {{ content: "\\{code:x}"; }}\n' for name, code in every.items()]
    (target / "icons.css").write_text(STYLE + "".join(rules), encoding="utf-8")


def is_unused(asset) -> bool:
    attributes = getattr(asset, "attributes", {})
    text = " ".join(
        str(part) for part in (getattr(asset, "filename", asset), *attributes.values())
    ).lower()
    return any(word in text for word in UNUSED)


def trim(app, pagename, templatename, context, doctree):
    for key in ("script_files", "css_files"):
        context[key][:] = [asset for asset in context[key] if not is_unused(asset)]


def mend_roles(app, pagename, templatename, context, doctree):
    """The bibliography claims to be a list of items and holds none, and its items have a role that is no longer one."""
    body = context.get("body", "").replace(
        '<div role="list" class="citation-list">', '<div class="citation-list">'
    )
    context["body"] = body.replace(' role="doc-biblioentry"', "")


def name_once(app, pagename, templatename, context, doctree):
    """The first page has the book's title: its tab says it once."""
    if pagename == app.config.root_doc:
        context["docstitle"] = ""


def add_assets(app, config):
    here = Path(__file__).parents[1]
    config.html_static_path.append(str(here / "static"))
    config.templates_path.append(str(here.parent / "_templates"))


def setup(app):
    app.connect("config-inited", add_assets)
    app.connect("builder-inited", write_icons)
    app.connect("html-page-context", trim, priority=900)
    app.connect("html-page-context", mend_roles)
    app.connect("html-page-context", name_once)
    app.add_css_file("icons/icons.css")
