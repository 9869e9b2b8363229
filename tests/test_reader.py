"""What a reader of a long page has at hand: the way back to the top, how far they are, all code folded at once."""

import pytest
from page_clock import wait_until_still

pytestmark = [pytest.mark.book, pytest.mark.browser]

SHOWN = """() => [...document.querySelectorAll("article .cell:not(.tag_hide-cell) .cell_input")]
  .filter((e) => e.checkVisibility()).length"""


@pytest.fixture
def page(chapter):
    return chapter


def test_all_code_is_folded_and_stays_so_on_the_next_page(page, html):
    assert page.evaluate(SHOWN) >= 3
    pictures = page.locator("article .cell_output img").count()
    page.get_by_role("button", name="Fold all code").click()
    assert page.evaluate(SHOWN) == 0
    assert page.locator("article .cell_output img").first.is_visible()
    assert page.locator("article .cell_output img").count() == pictures > 0
    assert page.locator("[data-figure]").first.is_visible()
    page.goto(f"file://{html}/wgan.html")
    assert page.evaluate(SHOWN) == 0
    solution = page.locator(".tag_hide-cell.tag_solution details").first
    solution.locator("summary").click()
    assert solution.locator(".cell_input").is_visible()  # a solution is opened on purpose
    page.get_by_role("button", name="Show all code").click()
    assert page.evaluate(SHOWN) >= 3


def test_paper_has_the_code_all_the_same(page):
    page.get_by_role("button", name="Fold all code").click()
    page.emulate_media(media="print")
    assert page.evaluate(SHOWN) >= 3


def test_progress_follows_the_page(page):
    width = "document.querySelector('.reader-progress').getBoundingClientRect().width"
    assert page.evaluate(width) == 0
    for share in (0.5, 1):
        page.evaluate(
            """(share) => {
              const way = document.documentElement.scrollHeight - innerHeight;
              scrollTo({ top: share * way, behavior: "instant" });
            }""",
            share,
        )
        page.wait_for_function(f"Math.abs({width} / innerWidth - {share}) < 0.02")


def test_the_way_back_to_the_top(page):
    top = page.get_by_role("button", name="Back to top")
    assert not top.is_visible()
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 6000)
    page.wait_for_function("scrollY > 1000")
    wait_until_still(page, "scrollY")
    assert not top.is_visible()
    page.mouse.wheel(0, -400)  # it comes when one turns back
    top.click()
    page.wait_for_function("scrollY === 0")


def test_on_a_phone_the_contents_make_way_for_the_section_that_is_chosen(browser, html):
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(f"file://{html}/optimal-discriminator.html")
    page.wait_for_selector("[data-figure][data-ready]", state="attached")
    contents = page.locator(".bd-sidebar-secondary")
    assert not contents.is_visible()
    page.locator(".secondary-toggle:visible").tap()
    chosen = contents.get_by_role("link", name="Exercises")
    chosen.tap()
    contents.wait_for(state="hidden")
    place = "document.getElementById('exercises').getBoundingClientRect().top"
    page.wait_for_function(f"{place} >= 0 && {place} < 200")
    page.locator(".theme-switch-button:visible").tap()  # nothing lies over it
    context.close()
