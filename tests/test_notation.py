"""One symbol, one meaning: what the glossary says of letters with two meanings is so on every page."""

import re
from pathlib import Path

import nbformat
import pytest

BOOK = Path(__file__).parents[1] / "book"
PAGES = sorted([*BOOK.glob("*.ipynb"), *(p for p in BOOK.glob("*.md") if p.stem != "glossary")])
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)
MEANINGS = {
    "sigma": (
        r"(?<!_)\\sigma'?(?:\\big|\\Big)?\(",  # the sigmoid, with its argument
        r"\\sigma(?:\^2|_|\\to|\\varepsilon| z)",  # a width
    ),
    "gamma": (r"\\gamma\(x", r"\\gamma\s*(?:\\,)?(?:2|\\psi|=\s*\d|/)"),
    "h": (r"\bv,h\b", r"\bh\s*(?:>|=0|\\,w|w\\,)"),
    "lambda": (r"\(1-\\lambda\)", r"\\lambda\s*(?:=10|\\,\\mathbb E|\\rho)"),
    "v": (r"\bv_i\b|\(v,h\)", r"F_?P?\^\{-1\}\(v\)"),
}


def formulas(page):
    if page.suffix == ".md":
        text = page.read_text(encoding="utf-8")
    else:
        cells = nbformat.read(page, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return [first or second for first, second in FORMULA.findall(text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.parametrize("letter", MEANINGS)
def test_a_page_uses_a_letter_in_one_of_its_meanings(page, letter):
    found = [[f for f in formulas(page) if re.search(way, f)] for way in MEANINGS[letter]]
    assert not all(found), [one[:3] for one in found]


@pytest.mark.parametrize("letter", MEANINGS)
def test_each_meaning_is_met_somewhere(letter):
    for way in MEANINGS[letter]:
        assert any(re.search(way, formula) for page in PAGES for formula in formulas(page)), way
