"""What a book with an address of its own tells other sites, and that one without tells nothing."""

import struct
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.errors import ConfigError

ADDRESS = "https://example.org/gans"
PARAGRAPH = "A discriminator says of each sample how likely it is to be real, & it is never shown the whole set."
PAGES = {
    "index.rst": f"A book\n======\n\nShort.\n\n{PARAGRAPH}\n\n.. toctree::\n\n   one <page>\n",
    "page.rst": 'A "page" & more\n===============\n\n' + "word " * 100 + "\n",
}


@pytest.fixture
def built(tmp_path):
    """A function that builds a book of two pages with the given address and gives back its folder."""

    def build(address):
        source = tmp_path / "source"
        source.mkdir()
        for name, text in PAGES.items():
            (source / name).write_text(text, encoding="utf-8")
        config = {
            "extensions": ["gan_book.address"],
            "html_baseurl": address,
            "html_title": "The book's title",
            "html_theme": "sphinx_book_theme",
        }
        out = tmp_path / "html"
        app = Sphinx(
            source, None, out, tmp_path / "trees", "html", config, status=None, warning=None
        )
        app.build()
        return out

    return build


def tags(page):
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return {tag["property"]: tag["content"] for tag in soup.select("meta[property^='og:']")}


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_book_with_an_address_has_a_sitemap_and_cards(built, slash):
    out = built(ADDRESS + slash)
    places = [place.text for place in ElementTree.parse(out / "sitemap.xml").iter() if place.text]
    assert places == [f"{ADDRESS}/index.html", f"{ADDRESS}/page.html"]
    first, second = tags(out / "index.html"), tags(out / "page.html")
    assert first["og:type"] == "website"
    assert first["og:description"] == PARAGRAPH
    assert first["og:site_name"] == "The book's title"
    assert second["og:type"] == "article"
    assert second["og:title"] == "A “page” & more"  # with the quotes that Sphinx sets
    assert second["og:url"] == f"{ADDRESS}/page.html"
    assert 150 < len(second["og:description"]) <= 200
    assert second["og:description"].endswith("word …")
    for page in (first, second):
        picture = (out / page["og:image"].removeprefix(f"{ADDRESS}/")).read_bytes()
        assert struct.unpack(">II", picture[16:24]) == (1200, 630)
    assert first["og:image"] != second["og:image"]


def test_a_book_without_one_has_none(built):
    out = built("")
    assert not (out / "sitemap.xml").exists()
    assert not tags(out / "index.html")


def test_an_address_that_is_none_is_refused_by_name(built):
    with pytest.raises(ConfigError, match=r"baseurl in _config.yml is 'example.org'"):
        built("example.org")
