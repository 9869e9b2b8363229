"""What the book makes of plain Markdown: boxes, proofs, captions, equations with numbers, links and cards."""

import pytest
from bs4 import BeautifulSoup
from gan_book.mathematics import coloured
from page_clock import rest

HEADS = (
    "why-generative-models",
    "minimax-game",
    "optimal-discriminator",
    "jensen-shannon",
    "convergence",
    "earth-mover",
)
DATA, FAKE = r"{\htmlClass{symbol-data}{p_\text{data}}}", r"{\htmlClass{symbol-generator}{p_g}}"


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"p_\text{data}", DATA),
        ("p_g(x)", FAKE + "(x)"),
        (r"\max_DV", r"\max_{\htmlClass{symbol-discriminator}{D}}V"),
        ("D^*_G(x)", r"{\htmlClass{symbol-discriminator}{D^*_G}}(x)"),
        ("D(G(z))", r"{\htmlClass{symbol-discriminator}{D}}({\htmlClass{symbol-generator}{G}}(z))"),
    ],
)
def test_players_and_their_densities_wear_colours(latex, expected):
    assert coloured(latex) == expected


@pytest.mark.parametrize(
    "latex",
    [
        r"\mathrm{JSD}(p\Vert q)",
        r"\Delta x",
        r"\text{Given D}",
        r"p_z",
        r"\mathcal D",
        "p_{gx}",
        "JSD",
    ],
)
def test_other_symbols_do_not(latex):
    assert coloured(latex) == latex


@pytest.mark.book
@pytest.mark.parametrize("name", HEADS)
def test_a_theory_chapter_begins_with_one_picture(html, name):
    page = BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
    head = page.select_one("#in-one-look")
    assert head.select_one("img")["alt"]
    assert head.select_one("figcaption").get_text().strip().startswith("In one look.")
    assert (
        head.find_previous("h2") is None or head.find_previous("h2").find_parent("article") is None
    )
    assert len(head.find_all_previous("div", class_="cell")) <= 4  # nothing but the set-up


@pytest.mark.book
@pytest.mark.browser
class TestChapter:
    def test_what_is_numbered_has_an_anchor(self, chapter):
        for anchor in ("proposition-1", "lemma", "definition", "figure-1", "equation-1"):
            assert chapter.locator(f"#{anchor}").count() == 1
        counts = chapter.evaluate(
            "[...document.querySelectorAll('.math-block .eqno')].map((e) => e.textContent.replace(/[^0-9]/g, ''))"
        )
        assert counts == [str(i + 1) for i in range(len(counts))]
        head, *captions = chapter.evaluate(
            "[...document.querySelectorAll('figcaption strong')].map((e) => e.textContent)"
        )
        assert head == "In one look."
        assert captions == [f"Figure {i + 1}." for i in range(len(captions))]
        assert len(captions) >= 10

    def test_a_mention_is_a_link(self, chapter):
        for target in ("proposition-1", "lemma", "equation-8", "figure-5"):
            assert chapter.locator(f"article a[href='#{target}']").count() >= 1

    def test_symbols_have_the_colours_of_the_figures(self, chapter):
        for player in ("data", "generator", "discriminator"):
            color = chapter.locator(f"article p .symbol-{player}").first.evaluate(
                "(e) => getComputedStyle(e).color"
            )
            painted = chapter.locator("[data-figure]").first.evaluate(
                f"""(e) => {{
                  const probe = e.appendChild(document.createElement("i"));
                  probe.style.color = "var(--gan-{player})";
                  const {{ color }} = getComputedStyle(probe);
                  probe.remove();
                  return color;
                }}"""
            )
            assert color == painted

    @pytest.mark.parametrize(
        ("link", "words"),
        [
            (".gan-proof a[href='#equation-6']", "(6)"),
            ("a[href='#proposition-1']", "for a fixed"),
            ("a[href='https://arxiv.org/abs/1406.2661']", "Generative Adversarial Nets"),
            ("a[href='glossary.html#term-Calibrated']", "70 %"),
        ],
    )
    def test_a_card_comes_with_the_keyboard_and_goes_with_escape(self, chapter, link, words):
        chapter.keyboard.press("Tab")  # so that the focus is the keyboard's
        chapter.locator(link).locator("visible=true").first.focus()
        card = chapter.locator(".gan-card")
        card.wait_for()
        assert words.lower() in card.inner_text().lower()
        assert chapter.evaluate("document.activeElement.getAttribute('aria-describedby')") == (
            card.get_attribute("id")
        )
        chapter.keyboard.press("Escape")
        assert card.count() == 0
        assert chapter.evaluate("document.activeElement.ariaDescribedByElements?.length ?? 0") == 0

    def test_a_card_comes_with_the_pointer_and_goes_with_it(self, chapter):
        chapter.locator(".gan-proof a[href='#equation-6']").locator("visible=true").first.hover()
        card = chapter.locator(".gan-card")
        card.wait_for()
        card.hover()
        chapter.locator(".gan-proof a[href='#equation-6']").locator("visible=true").first.hover()
        rest(chapter, 400)  # longer than a card that was left stays
        assert card.count() == 1
        chapter.mouse.move(5, 5)
        chapter.locator(".gan-card").wait_for(state="detached")

    def test_the_head_says_how_long_it_takes(self, chapter):
        assert "minutes to read" in chapter.locator(".gan-head").text_content()

    def test_what_has_been_read_is_marked_until_that_is_cleared(self, chapter):
        assert chapter.locator(".gan-read").count() == 0
        chapter.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
        rest(chapter, 300)
        assert chapter.locator(".gan-read").count() == 0  # who jumps to the end has not read
        chapter.evaluate(
            """async () => {
              for (let y = 0; y <= document.body.scrollHeight; y += 400) {
                scrollTo({ top: y, behavior: "instant" });
                await new Promise((done) => setTimeout(done, 30));
              }
            }"""
        )
        chapter.locator(".gan-read").wait_for(state="attached")
        chapter.reload()
        assert chapter.locator(".gan-read").count() == 1
        chapter.get_by_role("button", name="Clear the marks").click()
        assert chapter.locator(".gan-read").count() == 0
        assert chapter.evaluate("localStorage.getItem('gan-read')") == "[]"
