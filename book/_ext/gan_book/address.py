"""What a book with an address of its own tells other sites: a sitemap, and for each page the card of a shared link.

All of it needs absolute addresses: there is none of it until `html: baseurl` in _config.yml names one.
"""

import io
import textwrap
from html import escape
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from docutils import nodes
from sphinx.errors import ConfigError

CARDS = "_static/cards"
LONGEST = 200  # characters of a description; sites cut what is longer
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def address(config) -> str:
    """The book's address with a slash at its end, or nothing where it has none."""
    base = (config.html_baseurl or "").strip()
    if not base:
        return ""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigError(
            f"html: baseurl in _config.yml is {base!r}; it must be empty or an address such as"
            " https://name.github.io/book/"
        )
    return base.rstrip("/") + "/"


def description(doctree) -> str:
    """The page's first full paragraph, cut at a word."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if len(text) > 60 and not paragraph.next_node(nodes.math):
            return textwrap.shorten(text, LONGEST, placeholder=" …")
    return ""


def card(title: str, book: str) -> bytes:
    """A picture of 1200 × 630 pixels: the page's title over the book's curves, data and generator."""
    import numpy as np
    from matplotlib.figure import Figure

    from gan_tutorial import COLORS

    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor="white")
    ax = figure.add_axes((0, 0, 1, 0.5))
    x = np.linspace(-4, 4, 400)
    data = np.exp(-((x + 1.2) ** 2)) + np.exp(-((x - 1.2) ** 2))
    for height, color in ((data, "data"), (1.1 * np.exp(-((x - 0.6) ** 2) / 2), "generator")):
        ax.fill_between(x, height, color=COLORS[color], alpha=0.18)
        ax.plot(x, height, color=COLORS[color], linewidth=5)
    ax.set(xlim=(-4, 4), ylim=(0, 1.6))
    ax.axis("off")
    figure.text(0.06, 0.93, book, fontsize=24, va="top", color=COLORS["ink"], parse_math=False)
    figure.text(0.06, 0.83, textwrap.fill(title, 26), fontsize=54, va="top", parse_math=False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


def add_tags(app, pagename, templatename, context, doctree):
    base = address(app.config)
    if not base or doctree is None:
        return
    title = app.env.titles[pagename].astext()
    folder = Path(app.outdir) / CARDS
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{nodes.make_id(pagename)}.png"
    (folder / name).write_bytes(card(title, app.config.html_title or app.config.project))
    tags = {
        "og:type": "website" if pagename == app.config.root_doc else "article",
        "og:site_name": app.config.html_title or app.config.project,
        "og:title": title,
        "og:description": description(doctree),
        "og:url": base + app.builder.get_target_uri(pagename),
        "og:image": f"{base}{CARDS}/{name}",
        "og:image:alt": f"{title}: two curves, the data's density and the generator's",
    }
    lines = [
        f'<meta property="{key}" content="{escape(text)}">' for key, text in tags.items() if text
    ]
    lines.append('<meta name="twitter:card" content="summary_large_image">')
    context["metatags"] = "\n".join([context.get("metatags", ""), *lines])


def write_sitemap(app, exception):
    base = address(app.config)
    if exception or not base or app.builder.format != "html":
        return
    ElementTree.register_namespace("", SITEMAP)
    root = ElementTree.Element(f"{{{SITEMAP}}}urlset")
    for page in sorted(app.env.found_docs):
        url = ElementTree.SubElement(root, f"{{{SITEMAP}}}url")
        location = ElementTree.SubElement(url, f"{{{SITEMAP}}}loc")
        location.text = base + app.builder.get_target_uri(page)
    text = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    (Path(app.outdir) / "sitemap.xml").write_bytes(text)


def setup(app):
    app.connect("config-inited", lambda app, config: address(config))
    app.connect("html-page-context", add_tags)
    app.connect("build-finished", write_sitemap)
