"""The whole book as one PDF, tried on a small one: read back with pypdf."""

import shutil
from multiprocessing import get_context

import pdf as script
import pytest
from pypdf import PdfReader

TOC = {
    "root": "index",
    "parts": [{"caption": "Theory", "chapters": [{"file": "one"}, {"file": "figures"}]}],
}
CONFIG = {
    "title": "A small book",
    "author": "Nobody",
    "repository": {"url": "https://example.org/book"},
}
PAGE = """<!doctype html><html><head><link rel="stylesheet" href="_static/book.css?v=1"></head>
<body><article class="bd-article"><section id="{name}"><h1>{title}<a class="headerlink" href="#x">#</a></h1>
{body}</section></article></body></html>"""
INDEX = """<p>To <a href="one.html">the chapter</a>, to <a href="one.html#proof">its proof</a>, to
<a href="https://example.org/paper">a paper</a>, to <a href="figures.html">the figures</a>.</p>
<p><span class="x" id="pdf-link"></span></p>"""
CHAPTER = """<p id="proof">A proof.</p><svg width="90" height="20"><defs><clipPath id="c"><rect width="90" height="20"/>
</clipPath></defs><g clip-path="url(#c)"><text y="15">clipped</text></g></svg>
<p><strong>1. Warm-up.</strong> What is two and two?</p>
<details><summary>Hint</summary><p>Count fingers.</p></details>
<div class="cell tag_solution"><details class="hide above-input"><summary>Show the solution</summary>
<pre>print(2 + 2)</pre></details></div>
<div class="cell"><details class="hide above-input"><summary>Show the drawing</summary><pre>draw(curve)</pre></details>
<pre>a result</pre></div>
<h2>Where next</h2><p>Up to <a href="#proof">the proof</a>.</p>"""


def built(folder):
    """The built pages of a small book."""
    (folder / "_static").mkdir(parents=True)
    (folder / "_static" / "book.css").write_text("h1 { color: #333 }")
    for name, title, body in (("index", "Welcome", INDEX), ("one", "Chapter one", CHAPTER)):
        text = PAGE.format(name=name, title=title, body=body)
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def pages(tmp_path):
    return built(tmp_path / "html")


@pytest.fixture(scope="module")
def printed(tmp_path_factory, chromium_path):
    folder = tmp_path_factory.mktemp("printed")
    book = (built(folder / "html"), TOC, CONFIG, folder / "scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROMIUM", chromium_path)
        with get_context("spawn").Pool(
            1
        ) as pool:  # Playwright's loop may be in use in this process
            pdf, count = pool.apply(script.print_book, book)
    reader = PdfReader(pdf)
    assert count == len(reader.pages)
    return reader


def links(page):
    """The addresses and the names that the page's links lead to."""
    actions = [note.get_object().get("/A", {}) for note in page.get("/Annots", ())]
    notes = [note.get_object() for note in page.get("/Annots", ())]
    inner = [str(note["/Dest"]).lstrip("/") for note in notes if "/Dest" in note]
    return [action["/URI"] for action in actions if "/URI" in action], inner


@pytest.mark.browser
def test_the_book_is_one_document_whose_links_and_page_numbers_hold(printed):
    texts = [page.extract_text() for page in printed.pages]
    assert len(texts) == 4  # cover, contents, two pages
    assert "A small book" in texts[0]
    rows = texts[1].split()
    assert rows[rows.index("Welcome") + 1] == "3"
    assert rows[rows.index("one") + 1] == "4"
    assert "Theory" in rows
    assert "Welcome" in texts[2]
    assert "Chapter one" in texts[3]
    addresses, inner = links(printed.pages[2])
    assert addresses == ["https://example.org/paper"]
    assert inner == ["one", "one--proof"]  # the page that is left out has no link
    places = {name.lstrip("/"): place for name, place in printed.named_destinations.items()}
    for name in [*inner, "index"]:
        assert printed.get_destination_page_number(places[name]) == (2 if name == "index" else 3)
    assert [item.title for item in printed.outline if not isinstance(item, list)]


@pytest.mark.browser
def test_what_is_folded_as_an_answer_stands_at_the_end_and_folded_drawing_is_left_out(printed):
    text = " ".join(printed.pages[3].extract_text().split())
    order = [
        "Warm-up",
        "a result",
        "Where next",
        "1. Warm-up. Hint. Count fingers",
        "Solution. print(2 + 2)",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "draw(curve)" not in text
    assert "Show" not in text
    assert "#" not in text
    assert "clipped" in text


def test_the_landing_page_gets_one_link_that_a_new_one_replaces(pages):
    landing = pages / "index.html"
    script.link(landing, 4, 2_000_000)
    script.link(landing, 5, 3_400_000)
    text = landing.read_text()
    assert text.count(script.NAME) == 1
    assert "5 pages, 3 MB" in text
    (pages / "bare.html").write_text("<p>nothing</p>")
    with pytest.raises(ValueError, match="0 elements"):
        script.link(pages / "bare.html", 1, 1)


def test_a_page_that_is_not_built_is_named(pages):
    shutil.move(pages / "one.html", pages / "two.html")
    with pytest.raises(FileNotFoundError, match=r"one\.html is not there: run `make book`"):
        script.chapters(pages, TOC, "")


def test_with_an_address_other_files_are_linked_on_the_web(pages):
    found = script.chapters(pages, TOC, "https://example.org/book/")
    addresses = [a["href"] for a in found[0].article.find_all("a")]
    assert "https://example.org/book/figures.html" in addresses
    assert "#one--proof" in addresses
