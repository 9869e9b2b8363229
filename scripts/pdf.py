"""Print the built book as one PDF: `make pdf` writes _build/html/gan-tutorial.pdf and links it from the landing page.

The pages are joined to one document, in the order of the table of contents: links between them lead to its own pages,
hints, answers and solutions stand at the end of their chapter, figures are the pictures of their first states, and code
that is folded on the screen is left out. Chromium prints it twice, since page numbers are known after the first time.
"""

from __future__ import annotations

import argparse
import copy
import html
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import chapter_table
import yaml
from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).parents[1]
NAME = "gan-tutorial.pdf"
LEFT_OUT = {"figures"}  # shows again, small, what the chapters have
PLACE = "pdf-link"  # the element of the landing page that gets the link
ASIDE = re.compile(r"^(Hint|Answer|Solution|Show the solution)\b", re.IGNORECASE)
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns")
STYLE = """
@page { size: A4; margin: 17mm 16mm 18mm; }
html { scroll-padding: 0; }
body { background: #fff; }
.bd-main, .bd-main .bd-content { display: block; }
.bd-article { padding: 0; max-width: none; }
.bd-article { break-before: page; }
.bd-article h1 { display: block !important; margin-top: 0; } /* the theme prints a page's title some other way */
.bd-article :is(h1, h2, h3, h4) { break-after: avoid; }
.bd-article :is(.gan-figure, figure, table, .math-block, img) { break-inside: avoid; }
.bd-article .pst-scrollable-table-container, .math-scroll { overflow: visible; background: none; }
.headerlink, .gan-controls button, .copybtn, .viewcode-link { display: none !important; }
.cover { height: 235mm; display: flex; flex-direction: column; justify-content: center; }
.cover p { margin: 0.4rem 0; }
.cover .book-title { font-size: 3rem; font-weight: 700; line-height: 1.15; margin-bottom: 1.5rem; }
.book-contents { break-before: page; }
.book-contents ol { list-style: none; padding: 0; }
.book-contents .part { font-weight: 700; margin-top: 1rem; }
.book-contents a { display: flex; gap: 0.5rem; text-decoration: none; color: inherit; padding: 0.15rem 0; }
.book-contents a::before { content: ""; order: 1; flex: 1; border-bottom: 1px dotted #888; margin-bottom: 0.35rem; }
.book-contents .number { order: 2; }
.asides > div { margin-bottom: 1.6rem; }
.asides .asked { break-after: avoid; margin: 0.6rem 0 0.2rem; }
"""
FOOT = (
    '<div style="width:100%;font-size:8px;text-align:center;color:#555">'
    '<span class="pageNumber"></span></div>'
)


@dataclass(frozen=True)
class Chapter:
    """A page of the book, its place in the table of contents and what it says."""

    name: str
    part: str
    title: str
    sheets: tuple[str, ...]
    article: Tag


def names(toc: Mapping) -> list[tuple[str, str]]:
    """The part and the name of every page, in order; the landing page belongs to none."""
    pages = [("", toc["root"]), *chapter_table.chapters(toc)]
    return [(part, name) for part, name in pages if name not in LEFT_OUT]


def read(pages: Path, name: str) -> tuple[BeautifulSoup, Tag]:
    """A built page and its article."""
    path = pages / f"{name}.html"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: run `make book` first")
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    article = soup.select_one("article.bd-article")
    if article is None or article.find("h1") is None:
        raise ValueError(f"{path} has no article with a title")
    return soup, article


def set_aside(soup: BeautifulSoup, article: Tag) -> None:
    """Move what is folded because it answers something to the end, under the words of what it answers."""
    asides = []
    for element in article.select("details, .tag_solution"):
        summary = element.find("summary")
        words = " ".join(summary.get_text(" ").split()) if summary else ""
        if element.find_parent("details") or element.find_parent(class_="tag_solution"):
            continue
        if "tag_solution" in element.get("class", ()) or ASIDE.match(words):
            asides.append((element, words))
    if not asides:
        return
    end = soup.new_tag("section", attrs={"class": "asides"})
    heading = soup.new_tag("h2")
    heading.string = "Hints, answers and solutions"
    end.append(heading)
    last, block, kind = None, end, ""
    for element, words in asides:
        bold = element.find_previous("strong")  # the exercise or the question that it belongs to
        if bold is not last or block is end:
            last, block, kind = bold, soup.new_tag("div"), ""
            title = soup.new_tag("p", attrs={"class": "asked"})
            title.append(copy.copy(bold) if bold else "The question above")
            block.append(title)
            end.append(block)
        before, kind = kind, "Solution" if "tag_solution" in element.get("class", ()) else words
        if kind != before:
            label = soup.new_tag("p", attrs={"class": "asked"})
            emphasis = soup.new_tag("em")
            emphasis.string = f"{kind}."
            label.append(emphasis)
            block.append(label)
        block.append(opened(element.extract()))
    (article.find("section") or article).append(end)


def opened(element: Tag) -> Tag:
    """The element with what it folds in sight, and without the words to press on."""
    for details in [element, *element.find_all("details")]:
        if details.name == "details":
            if summary := details.find("summary", recursive=False):
                summary.decompose()
            details.name = "div"
            details["class"] = [c for c in details.get("class", ()) if c != "admonition"]
    return element


def unfold(article: Tag) -> None:
    """Open what is folded for its length, and leave out code that is folded away from its results."""
    for cell in article.select(".cell:not(.tag_solution)"):
        for folded in cell.select("details.above-input"):
            folded.decompose()
    for details in article.find_all("details"):
        details["open"] = ""


def relink(article: Tag, name: str, known: set[str], base: str) -> None:
    """Make every name of the page its own, and every link lead into this document, or to the web."""
    for element in article.find_all(id=True):
        element["id"] = f"{name}--{element['id']}"
    for element in article.find_all(True):
        for attribute in REFERENCES:
            if attribute in element.attrs:
                element[attribute] = " ".join(f"{name}--{i}" for i in element[attribute].split())
        for attribute, value in list(element.attrs.items()):
            if isinstance(value, str) and "url(#" in value:
                element[attribute] = value.replace("url(#", f"url(#{name}--")
    for link in article.find_all(href=True):
        address, parts = link["href"], urlsplit(link["href"])
        page = Path(parts.path).stem if parts.path.endswith(".html") else ""
        if parts.scheme:
            continue
        if not parts.path:
            link["href"] = f"#{name}--{parts.fragment}" if parts.fragment else f"#{name}"
        elif page in known and "/" not in parts.path:
            link["href"] = f"#{page}--{parts.fragment}" if parts.fragment else f"#{page}"
        elif base:
            link["href"] = urljoin(base, address)
        else:
            del link["href"]


def chapters(pages: Path, toc: Mapping, base: str) -> list[Chapter]:
    """Every page of the book, ready to be joined."""
    order = names(toc)
    known = {name for _, name in order}
    found = []
    for part, name in order:
        soup, article = read(pages, name)
        for element in article.select("script, .toctree-wrapper, .headerlink, [data-pdf=no]"):
            element.decompose()
        unfold(article)
        set_aside(soup, article)
        relink(article, name, known, base)
        article["id"] = name
        for picture in article.find_all(src=True):
            if not urlsplit(picture["src"]).scheme:
                picture["src"] = (pages / picture["src"]).resolve().as_uri()
        title = " ".join(article.find("h1").get_text().split())
        links = soup.select("head link[rel=stylesheet]")
        sheets = tuple((pages / link["href"].split("?")[0]).as_uri() for link in links)
        found.append(Chapter(name, part, title, sheets, article))
    return found


def contents(found: list[Chapter], numbers: Mapping[str, int]) -> str:
    """The table of contents; a page that has no number yet keeps room for one."""
    lines, part = [], ""
    for chapter in found:
        if chapter.part != part:
            part = chapter.part
            lines.append(f'<li class="part">{html.escape(part)}</li>')
        number = numbers.get(chapter.name, "000")
        lines.append(
            f'<li><a href="#{chapter.name}">{html.escape(chapter.title)}'
            f'<span class="number">{number}</span></a></li>'
        )
    return f'<nav class="book-contents"><h2>Contents</h2><ol>{"".join(lines)}</ol></nav>'


def document(found: list[Chapter], config: Mapping, numbers: Mapping[str, int]) -> str:
    """The whole book as one page of HTML."""
    sheets = dict.fromkeys(sheet for chapter in found for sheet in chapter.sheets)
    links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
    title, author = html.escape(config["title"]), html.escape(config["author"])
    source = html.escape(config["repository"]["url"])
    cover = (
        f'<div class="cover"><p class="book-title">{title}</p><p>{author}</p>'
        f"<p>The figures of this book move on its pages; here they stand in their first state. "
        f"Code that draws and checks is folded there and left out here.</p>"
        f'<p><a href="{source}">{source}</a></p></div>'
    )
    body = "".join(str(chapter.article) for chapter in found)
    return (
        f'<!doctype html><html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8">'
        f"<title>{title}</title>{links}<style>{STYLE}</style></head><body>"
        f'<main class="bd-main"><div class="bd-content">{cover}{contents(found, numbers)}{body}</div></main>'
        f"</body></html>"
    )


def pages_of(pdf: Path, found: list[Chapter]) -> dict[str, int]:
    """The number of the page on which each chapter begins."""
    from pypdf import PdfReader

    reader = PdfReader(pdf)
    places = {name.lstrip("/"): place for name, place in reader.named_destinations.items()}
    numbers = {}
    for chapter in found:
        place = places[quote(chapter.name)]
        numbers[chapter.name] = reader.get_destination_page_number(place) + 1
    return numbers


def chromium() -> str:
    """The path of a Chromium; one is installed where there is none."""
    finder = [str(ROOT / "scripts" / "find-chromium"), sys.executable]
    return subprocess.run(finder, check=True, capture_output=True, text=True).stdout.strip()


def print_book(pages: Path, toc: Mapping, config: Mapping, scratch: Path) -> tuple[Path, int]:
    """Print the book; the PDF and how many pages it has."""
    from playwright.sync_api import sync_playwright
    from pypdf import PdfReader

    found = chapters(pages, toc, (config.get("html") or {}).get("baseurl") or "")
    scratch.mkdir(parents=True, exist_ok=True)
    source, pdf = scratch / "book.html", scratch / NAME
    numbers: dict[str, int] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_context(java_script_enabled=False, offline=True).new_page()
        page.set_default_timeout(600_000)
        for _ in range(2):
            source.write_text(document(found, config, numbers), encoding="utf-8")
            page.goto(source.as_uri())
            page.pdf(
                path=pdf,
                prefer_css_page_size=True,
                scale=0.84,
                print_background=True,
                display_header_footer=True,
                header_template="<span></span>",
                footer_template=FOOT,
                outline=True,
                tagged=True,
            )
            numbers = pages_of(pdf, found)
        browser.close()
    return pdf, len(PdfReader(pdf).pages)


def link(landing: Path, count: int, size: int) -> None:
    """Put the link into the landing page, or put a new one in the place of the old."""
    text = landing.read_text(encoding="utf-8")
    words = f"The whole book as one PDF ({count} pages, {size / 1e6:.0f} MB)"
    new, places = re.subn(
        rf'(<span[^>]*id="{PLACE}"[^>]*>).*?(</span>)',
        rf'\1<a class="reference external" href="{NAME}">{words}</a>\2',
        text,
        flags=re.DOTALL,
    )
    if places != 1:
        raise ValueError(f'{landing} has {places} elements with id="{PLACE}", it must have one')
    landing.write_text(new, encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--html", type=Path, default=ROOT / "_build" / "html")
    pages = parser.parse_args(arguments).html.resolve()
    toc = chapter_table.contents()
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    pdf, count = print_book(pages, toc, config, pages.parent / "pdf")
    size = pdf.stat().st_size
    pdf.replace(pages / NAME)
    link(pages / f"{toc['root']}.html", count, size)
    print(f"{pages / NAME}: {count} pages, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
