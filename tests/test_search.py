"""What a student types, and the page that must come first; from a server and from the disk alike."""

import json
import re

import pytest
from gan_book.search import in_a_line

pytestmark = [pytest.mark.book, pytest.mark.browser]

QUERIES = {
    "optimal discriminator": "optimal-discriminator",
    "wasserstein": "wgan",
    "wasserstein distance": "earth-mover",
    "mode collapse": "training-1d",
    "jensen shannon divergence": "jensen-shannon",
    "gradient penalty": "wgan",
    "parzen window bandwidth": "parzen",
    "conditional gan": "conditional",
    "does a gan converge": "convergence",
    "minimax": "minimax-game",
    "train on mnist digits": "training-images",
    "vae or diffusion": "neighbours",
}


@pytest.fixture(params=["http", "file"])
def search(request, browser, html):
    """A function that types a query into a page's own field and gives back the links that come, in their order."""
    origin = request.getfixturevalue("site") if request.param == "http" else f"{html.as_uri()}/"
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: message.type == "error" and said.append(message.text))
    page.on("request", lambda r: r.url.startswith((origin, "data:")) or said.append(r.url))

    def ask(query):
        page.goto(f"{origin}search.html")
        page.locator("main form.bd-search input").fill(query)
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results [role=status]")
        return page

    yield ask
    page.close()
    assert said == []


def test_ten_queries_and_more_find_their_page_first(search):
    first = {}
    for query in QUERIES:
        page = search(query)
        link = page.locator("#search-results h2 a").first
        assert link.is_visible()
        address = link.get_attribute("href")
        first[query] = address.removesuffix(".html")
    assert first == QUERIES


def test_results_lead_to_sections_and_are_read_as_sentences(search, html):
    page = search("gradient penalty")
    links = page.locator("#search-results h3 a").evaluate_all(
        "(all) => all.map((e) => e.getAttribute('href'))"
    )
    assert len(links) > 3
    for link in links:
        name, _, anchor = link.partition("#")
        assert f'id="{anchor}"' in (html / name).read_text(encoding="utf-8"), link
    snippets = page.locator("#search-results p").all_inner_texts()
    assert not [text for text in snippets if re.search(r"\\\\[a-z]+|[{}]|import |\$", text)]
    assert page.locator("#search-results mark").count() > 5


def test_what_is_not_there_is_said(search):
    assert "No pages" in search("qwertyuiop").locator("[role=status]").first.inner_text()


def test_the_index_holds_no_set_up_code_and_no_contents(html):
    text = (html / "_static" / "search-index.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("ganSearch.deliver(").removesuffix(");\n"))
    assert len({entry[0] for entry in index}) > 15
    words = " ".join(entry[6] for entry in index)
    assert "importlib" not in words
    assert "use_style()" not in words
    pages = {entry[0]: [e for e in index if e[0] == entry[0]] for entry in index}
    assert all(len(sections) > 1 for name, sections in pages.items() if name.startswith("optimal"))


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        (r"p_\text{data}", "p_data"),
        (r"\mathbb E_{x\sim p_\text{data}}[\log D(x)]", "E_x~p_data [log D(x)]"),
        (r"\frac{p_\text{data}}{p_\text{data}+p_g}", "p_data/(p_data+p_g)"),
        (r"\frac12\|f\|^2", "1/2‖f‖^2"),
        (r"1+\frac\Delta{2\lambda}", "1+Δ/2λ"),
        (r"\left\|\nabla f\right\|_2\le1", "‖∇ f‖_2≤1"),
        (r"\min_G\max_D V(D,G)", "min_G max_D V(D,G)"),
    ],
)
def test_a_formula_is_one_readable_line(latex, line):
    assert in_a_line(latex).replace(" ", "") == line.replace(" ", "")
