"""Predictions and questions, on every page that has them: nothing is given away, every answer is answered, by keyboard
too; what was said stays until it is cleared; and all is there without JavaScript and on paper.
"""

import math
from collections import Counter

import pytest
from bs4 import BeautifulSoup
from docutils.core import publish_doctree, publish_from_doctree
from gan_book.lessons import Prompts
from myst_parser.docutils_ import Parser
from page_clock import rest
from test_pages import PAGES

from gan_tutorial.figures import Divergences, OptimalDiscriminator, Saturation

MODULES = ("kit/sketch.js",)

# What each lesson of a page is, from its markup.
LESSONS = """() => [...document.querySelectorAll(".gan-lesson")].map((e) => ({
  id: e.id, quiz: e.dataset.quiz !== undefined, form: e.dataset.predict ?? e.dataset.quiz,
  answer: Number(e.dataset.answer), within: Number(e.dataset.within),
}))"""
HIDDEN = """(e) => {
  const inside = e.querySelector(".gan-hidden");
  const parts = [inside, ...inside.querySelectorAll("p, li, img, pre, [data-figure]")];
  return parts.every((part) => !part.checkVisibility());
}"""

HANDS = """
  const tryAgain = (root) => [...root.querySelectorAll("button")].find((b) => b.textContent === "Try again").click();
  const type = (field, value) => {
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
"""

# Checks without a choice, then with each; real clicks and keys are other tests' (there are hundreds of choices).
EACH_CHOICE = f"""(root) => {{
  const isHidden = {HIDDEN};
  {HANDS}
  const [check, feedback, reveal] = ["check", "feedback", "reveal"].map((part) => root.querySelector(`.gan-${{part}}`));
  const told = () => feedback.textContent.trim();
  check.click();
  return [{{ said: told() }}, ...[...root.querySelectorAll("input[type=radio]")].map((radio) => {{
    radio.click();
    check.click();
    const reply = root.querySelector(`.gan-replies > [data-for="${{radio.value}}"]`);
    const choice = {{
      said: told(), reply: reply.textContent.trim(), right: reply.dataset.right !== undefined,
      state: root.dataset.state, open: reveal.open,
    }};
    tryAgain(root);
    return {{ ...choice, hiddenAgain: isHidden(root), after: told() }};
  }})];
}}"""

# Selects the choices with these letters, checks, and tries again.
SELECTION = f"""(root, letters) => {{
  const isHidden = {HIDDEN};
  {HANDS}
  for (const box of root.querySelectorAll("input[type=checkbox]")) box.checked = letters.includes(box.value);
  root.querySelector(".gan-check").click();
  const told = {{
    said: root.querySelector(".gan-feedback").textContent.trim(), state: root.dataset.state,
    open: root.querySelector(".gan-reveal").open,
    replies: letters.map((letter) => root.querySelector(`.gan-replies > [data-for="${{letter}}"]`).textContent.trim()),
  }};
  tryAgain(root);
  return {{ ...told, hiddenAgain: isHidden(root), none: root.querySelectorAll("input:checked").length === 0 }};
}}"""
LETTERS = """(root) => [...root.querySelectorAll(".gan-replies > li")].map(
  (reply) => [reply.dataset.for, reply.dataset.right !== undefined])"""


STATES = "() => [...document.querySelectorAll('.gan-lesson')].map((e) => e.dataset.state ?? null)"
# Types each number and checks; real keys are another test's.
NUMBERS = f"""(root, values) => {{
  {HANDS}
  const [check, feedback] = ["check", "feedback"].map((part) => root.querySelector(`.gan-${{part}}`));
  const field = root.querySelector("input[type=number]");
  return values.map((value) => {{
    type(field, value);
    check.click();
    const told = {{ said: feedback.textContent.trim(), state: root.dataset.state ?? null }};
    if (told.state) tryAgain(root);
    return told;
  }});
}}"""
# Asks to be shown what is hidden.
SHOW = """(root) => [...root.querySelectorAll("button, summary")]
  .find((e) => e.textContent.trim() === "Show me" && e.checkVisibility()).click()"""
# The words, not `innerText`: far from the view the browser lays nothing out (`content-visibility`), and that is empty.
SAID = "(root) => root.querySelector('.gan-feedback').textContent.trim()"
# Gives the last answer, or the right number, and checks.
ANSWER = f"""(root, answer) => {{
  {HANDS}
  const field = root.querySelector("input[type=number]");
  if (field) type(field, answer);
  else [...root.querySelectorAll(".gan-form input")].pop()?.click();
  (root.querySelector(".gan-check") ?? root.querySelector(".gan-sketch button")).click();
}}"""
UNSEEN = """() => [...document.querySelectorAll(".gan-lesson")].flatMap((lesson) =>
  [lesson.querySelector(".gan-answer"), ...lesson.querySelectorAll(".gan-replies > li")]
    .filter((e) => !e.checkVisibility({ visibilityProperty: true }) || !e.getBoundingClientRect().height)
    .map((e) => `${lesson.id}: ${e.textContent.slice(0, 40)}`))"""
PLAIN = """(media) => {
  const lessons = [...document.querySelectorAll(".gan-lesson")];
  const answers = lessons.map((lesson) => lesson.querySelector(".gan-answer"));
  const hidden = answers.map((answer) => !answer.checkVisibility());
  const mute = lessons.map((lesson) => lesson.querySelector(".gan-check")?.checkVisibility() !== true);
  if (media === "screen") for (const lesson of lessons) lesson.querySelector(".gan-reveal > summary").click();
  return lessons.map(({ id }, i) => [id, hidden[i], mute[i], answers[i].getBoundingClientRect().height]);
}"""


def has_lessons(html, name) -> bool:
    return 'class="gan-lesson"' in (html / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=PAGES, ids=[f"{name}.html" for name in PAGES])
def address(request, html):
    if not has_lessons(html, request.param):
        pytest.skip("this page asks nothing")
    return f"file://{html}/{request.param}.html"


def wait_for_figures(page):
    """Until the first figure is drawn, where the page has one."""
    if page.locator("[data-figure]").count():
        page.wait_for_selector("[data-figure][data-ready]", state="attached")


@pytest.fixture(scope="module")
def kept(browser, address):
    """A page that the tests share, each of which finds it as a new reader does; and what it asks."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address)
    wait_for_figures(page)
    yield page, page.evaluate(LESSONS)
    context.close()


@pytest.fixture
def opened(kept):
    page, lessons = kept
    assert page.evaluate(STATES) == [None] * len(lessons)
    yield kept
    if page.evaluate(STATES) != [None] * len(lessons):
        page.get_by_role("button", name="Clear my answers on this page").click()


@pytest.mark.book
def test_the_model_chapter_asks_and_all_its_prompts_can_be_answered(html):
    text = (html / "optimal-discriminator.html").read_text(encoding="utf-8")
    assert text.count("data-predict=") >= 15
    assert text.count("data-quiz=") >= 4
    assert text.count('data-predict="draw"') == 1


# Which choice is right, and how many characters of each one sees: KaTeX writes formulas twice, for screen readers.
ONE_RIGHT = """() => [...document.querySelectorAll(".gan-lesson")].map((lesson) => {
  const seen = (e) => e.textContent.trim().length -
    [...e.querySelectorAll(".katex-mathml")].reduce((sum, hidden) => sum + hidden.textContent.length, 0);
  const radios = [...lesson.querySelectorAll(".gan-form input[type=radio]")];
  return {
    lengths: Object.fromEntries(radios.map((radio) => [radio.value, seen(radio.parentElement)])),
    right: lesson.querySelector(".gan-replies > li[data-right]")?.dataset.for,
  };
}).filter(({ lengths }) => Object.keys(lengths).length)"""


@pytest.mark.book
@pytest.mark.browser
class TestHabits:
    """What a reader could learn of us instead of the matter."""

    def test_the_right_choice_is_not_always_in_the_same_place(self, kept):
        places = [choices["right"] for choices in kept[0].evaluate(ONE_RIGHT)]
        if len(places) < 6:
            pytest.skip("too few choices to see a habit in")
        assert Counter(places).most_common(1)[0][1] <= 0.6 * len(places)

    def test_the_right_choice_is_not_given_away_by_its_length(self, kept):
        """With three choices it is the longest one time in three by chance; reasons belong into the replies."""
        longest = []
        for choices in kept[0].evaluate(ONE_RIGHT):
            right = choices["lengths"].pop(choices["right"])
            longest.append(right > max(choices["lengths"].values()))
        assert sum(longest) <= max(2, math.ceil(0.4 * len(longest)))


@pytest.mark.book
@pytest.mark.browser
class TestLessons:
    def test_nothing_is_given_away(self, opened):
        page, lessons = opened
        assert lessons
        for lesson in lessons:
            root = page.locator(f"#{lesson['id']}")
            assert root.evaluate(HIDDEN), lesson["id"]
            assert root.evaluate(SAID) == ""
            assert root.get_by_text("Show me").first.is_visible()
            if lesson["form"] == "draw":
                assert not root.get_by_role("button", name="Draw again").is_visible()

    def test_every_choice_is_answered(self, opened):
        page, lessons = opened
        for lesson in (lesson for lesson in lessons if lesson["form"] == "choose"):
            untold, *told = page.locator(f"#{lesson['id']}").evaluate(EACH_CHOICE)
            assert "Choose" in untold["said"]
            for choice in told:
                said = choice["said"]
                assert len(said) > 15
                assert said == choice["reply"]
                assert said.startswith(("Yes", "Right")) == choice["right"]
                assert choice["state"] == ("right" if choice["right"] else "wrong")
                assert choice["open"] or (lesson["quiz"] and not choice["right"])
                assert choice["hiddenAgain"], f"{lesson['id']} after {said}"
                assert choice["after"] == ""
            assert sum(choice["right"] for choice in told) == 1

    def test_every_selection_is_answered(self, opened):
        page, lessons = opened
        for lesson in (lesson for lesson in lessons if lesson["form"] == "select"):
            root = page.locator(f"#{lesson['id']}")
            letters = dict(root.evaluate(LETTERS))
            rights = [letter for letter, right in letters.items() if right]
            assert 2 <= len(rights) < len(letters)
            wrong = next(letter for letter in letters if letter not in rights)
            root.locator(".gan-check").click()
            assert "Choose" in root.locator(".gan-feedback").text_content()
            for selected, begins in (
                *([[letter], "You have found 1 of"] for letter in rights),
                ([wrong], "None of these applies"),
                (rights, "You have found all that apply."),
                ([*rights, wrong], "You have found all that apply, and 1 of yours does not apply."),
                ([*rights[:1], wrong], "You have found 1 of those that apply, and others"),
            ):
                told = root.evaluate(SELECTION, selected)
                assert told["said"].startswith(begins)
                assert all(reply in told["said"] for reply in told["replies"])
                assert told["state"] == ("right" if selected == rights else "wrong")
                assert told["open"] or (lesson["quiz"] and selected != rights)
                assert told["hiddenAgain"]
                assert told["none"]

    def test_numbers_are_judged(self, opened):
        page, lessons = opened
        for lesson in (lesson for lesson in lessons if lesson["form"] == "number"):
            root = page.locator(f"#{lesson['id']}")
            field = root.locator("input[type=number]")
            low, high = (float(field.get_attribute(end)) for end in ("min", "max"))
            answer, within = lesson["answer"], lesson["within"]
            assert low <= answer <= high
            assert 0 < within < (high - low) / 4
            near = answer + (0.9 if answer + 0.9 * within <= high else -0.9) * within
            values = [
                value
                for value in (answer, near, low, high)
                if abs(abs(value - answer) - within) > 1e-9
            ]
            *told, beyond = root.evaluate(NUMBERS, [f"{value:g}" for value in [*values, high + 1]])
            for value, reply in zip(values, told, strict=True):
                right = abs(value - answer) < within
                assert reply["state"] == ("right" if right else "wrong"), (lesson["id"], value)
                assert len(reply["said"]) > 15
            assert "first" in beyond["said"]
            assert beyond["state"] is None

    def test_show_me_shows(self, opened):
        page, lessons = opened
        for lesson in lessons:
            root = page.locator(f"#{lesson['id']}")
            root.evaluate(SHOW)
            page.wait_for_function(
                "(id) => document.getElementById(id).dataset.state !== undefined", arg=lesson["id"]
            )
            assert root.locator(".gan-reveal").first.evaluate("(e) => e.open")
            if lesson["form"] != "draw":
                assert root.evaluate(SAID)

    def test_the_keyboard_is_enough(self, opened):
        page, lessons = opened
        # All of a form are made by the same lines: two of each, the first and the last, stand for the others.
        last, first = (
            {lesson["form"]: lesson for lesson in order} for order in (lessons, lessons[::-1])
        )
        for lesson in [*first.values(), *(x for x in last.values() if x not in first.values())]:
            root = page.locator(f"#{lesson['id']}")
            if lesson["form"] == "choose":
                root.locator(".gan-form input").first.focus()
                page.keyboard.press("Space")
                page.keyboard.press("ArrowDown")
                assert root.locator(".gan-form input").nth(1).is_checked()
                page.keyboard.press("Tab")
                page.keyboard.press("Enter")
            elif lesson["form"] == "select":
                root.locator(".gan-form input").first.focus()
                for _ in range(root.locator(".gan-form input").count()):
                    page.keyboard.press("Space")
                    page.keyboard.press("Tab")
                assert root.locator(".gan-form input:checked").count() > 2
                page.keyboard.press("Enter")
            elif lesson["form"] == "number":
                root.locator(".gan-form input").focus()
                page.keyboard.type(f"{lesson['answer']:g}")
                page.keyboard.press("Enter")
            else:
                root.locator(".gan-sketch-sliders summary").focus()
                page.keyboard.press("Enter")
                page.keyboard.press("Tab")
                for _ in range(10):
                    page.keyboard.press("ArrowRight")
                root.locator(".gan-sketch button").first.focus()
                page.keyboard.press("Enter")
                assert "furthest away" in root.locator(".gan-sketch-said").text_content()
            assert root.get_attribute("data-state") in ("right", "wrong", "compared")

    def test_answers_stay_until_they_are_cleared(self, opened):
        page, lessons = opened
        # A busy Chromium may lose all that a context has stored, the test's own key too: that is not the page's fault.
        for _ in range(3):
            for lesson in lessons:
                page.locator(f"#{lesson['id']}").evaluate(ANSWER, f"{lesson['answer']:g}")
            before = page.evaluate(STATES)
            assert None not in before
            page.evaluate("localStorage.setItem('of-the-test', 'kept')")
            rest(page, 300)  # nobody reloads in the moment in which the answer is stored
            page.reload()
            wait_for_figures(page)
            if page.evaluate("localStorage.getItem('of-the-test')"):
                break
        same = f"JSON.stringify(({STATES})()) === JSON.stringify({before})"
        page.wait_for_function(same, polling=100)  # what was drawn comes back a moment later
        page.get_by_role("button", name="Clear my answers on this page").click()
        assert page.evaluate(STATES) == [None] * len(lessons)
        for lesson in lessons:
            assert page.locator(f"#{lesson['id']}").evaluate(HIDDEN)
        page.reload()
        wait_for_figures(page)
        assert page.evaluate(STATES) == [None] * len(lessons)

    def test_an_anchor_in_what_is_hidden_opens_it(self, browser, kept, address):
        anchor = kept[0].evaluate("document.querySelector('.gan-hidden [id]')?.id")
        if anchor is None:
            pytest.skip("nothing that is hidden has an anchor")
        page = browser.new_page()
        page.goto(f"{address}#{anchor}")
        page.wait_for_function("(id) => document.getElementById(id).checkVisibility()", arg=anchor)
        page.close()

    def test_paper_has_all(self, opened):
        page, lessons = opened
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(UNSEEN) == []
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")
        rest(page, 100)
        for lesson in lessons:
            root = page.locator(f"#{lesson['id']}")
            assert root.evaluate(HIDDEN)
            assert root.get_attribute("data-state") is None

    def test_without_javascript_all_is_there(self, browser, address):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(address)
        for media in ("print", "screen"):
            page.emulate_media(media=media)
            found = page.evaluate(PLAIN, media)
            assert found
            for lesson, hidden, mute, height in found:
                assert hidden == (media == "screen"), lesson
                assert mute or media == "print", lesson
                assert height > 20, lesson
        context.close()


SELECT = """# A page

**Question 1.** Which of these are even?

1. two
2. three
3. four

<details><summary>Answer</summary>

1. **Yes.** Two halves of one.
2. **No.** One is left over.
3. **Right.** Two halves of two.

</details>
"""


def built(text: str) -> BeautifulSoup:
    """A page of this text alone, as the book's transform leaves it."""
    quiet = {"report_level": 5, "doctitle_xform": False}
    document = publish_doctree(text, parser=Parser(), settings_overrides=quiet)
    Prompts(document).apply()
    page = publish_from_doctree(document, writer_name="html5", settings_overrides=quiet)
    return BeautifulSoup(page, "html.parser")


def test_several_right_answers_make_boxes_to_tick():
    page = built(SELECT).select_one(".gan-lesson")
    assert page["data-quiz"] == "select"
    assert [box["value"] for box in page.select("fieldset input[type=checkbox]")] == ["a", "b", "c"]
    assert page.legend.get_text() == "Select all that apply"
    assert [li["data-for"] for li in page.select(".gan-replies > [data-right]")] == ["a", "c"]
    one = built(SELECT.replace("**Right.**", "**No.**"))
    assert one.select_one(".gan-lesson")["data-quiz"] == "choose"


@pytest.mark.browser
class TestDrawing:
    @pytest.fixture
    def figure(self, browser, figure_page):
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        page.goto(figure_page(OptimalDiscriminator(predict=True)))
        page.wait_for_selector("[data-figure][data-ready]")
        yield page
        page.close()

    def test_a_pointer_draws_and_the_truth_comes_after(self, figure):
        hand = figure.locator(".gan-sketch-hand").bounding_box()
        shot = figure.locator(".gan-plots").screenshot
        level = shot()
        x, y = hand["x"], hand["y"] + 0.1 * hand["height"]
        figure.mouse.move(x + 5, y)
        figure.mouse.down()
        figure.mouse.move(x + 0.5 * hand["width"], y, steps=5)
        figure.mouse.move(x + hand["width"] - 5, y + 0.8 * hand["height"], steps=5)
        figure.mouse.up()
        mine = shot()
        assert mine != level
        assert figure.locator(".gan-sketch-said").inner_text().startswith("Drag")
        figure.get_by_role("button", name="Compare my line").click()
        assert shot() != mine
        said = figure.locator(".gan-sketch-said").inner_text()
        assert "On average your line is" in said
        assert "Of 100 samples at this x" in said
        figure.get_by_role("button", name="Draw again").click()
        assert shot() == mine  # the line stays, the truth goes

    def test_of_five_divergences_only_the_one_to_draw_is_there_and_only_afterwards(
        self, browser, figure_page
    ):
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        page.goto(figure_page(Divergences(predict=True)))
        page.wait_for_selector("[data-figure][data-ready]")
        before = page.locator("[data-figure]").inner_text()
        assert "TV" not in before
        assert page.locator("table, select, .gan-figure output[name=js]").count() == 0
        plots = page.locator(".gan-plots")
        page.locator("input[name=distance]").fill("4")
        page.locator(".gan-sketch-sliders summary").click()
        page.locator("input[name=drawn]").first.fill("0.9")
        mine = plots.screenshot()
        page.get_by_role("button", name="Compare my line").click()
        assert plots.screenshot() != mine
        said = page.locator(".gan-sketch-said").inner_text()
        assert "It is furthest away at t = 0.00: you drew 0.90, and the JSD is 0.00 there." in said
        assert "A sample tells 0.00 of 0.69 nats" in said
        page.get_by_role("button", name="Draw again").click()
        assert plots.screenshot() == mine
        page.close()

    def test_the_slope_of_the_minimax_cost_is_drawn_before_anything_of_it_is_shown(
        self, browser, figure_page
    ):
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        page.goto(figure_page(Saturation(predict=True)))
        page.wait_for_selector("[data-figure][data-ready]")
        assert page.locator(".gan-plot").count() == 1
        assert page.locator(".gan-outputs output").count() == 0  # no number gives it away
        said = page.locator(".gan-sketch-said")
        assert said.inner_text().startswith("Drag across the axes")
        before = page.locator(".gan-plots").screenshot()
        page.get_by_role("button", name="Compare my line").click()
        assert page.locator(".gan-plots").screenshot() != before
        words = said.inner_text()
        assert "away from the size of the slope" in words
        assert "furthest away at s = " in words
        assert "this number is also the size of the slope" in words
        page.close()

    def test_without_being_asked_for_nothing_is_kept_back(self, browser, figure_page):
        page = browser.new_page(viewport={"width": 1000, "height": 900})
        page.goto(figure_page(OptimalDiscriminator()))
        page.wait_for_selector("[data-figure][data-ready]")
        assert page.locator(".gan-sketch button").count() == 0
        page.close()


def test_the_difference_of_two_lines(javascript):
    javascript.load("globalThis.halve = (x) => x / 2;")
    result = javascript.evaluate("compareLines([0, 1, 2], [0, 1, 1], halve)")
    assert result["mean"] == pytest.approx(1 / 6)
    assert result["worst"] == {"x": 1, "drawn": 1, "truth": 0.5, "gap": 0.5}
    undefined = javascript.evaluate("compareLines([0, 1], [0.5, 0.5], (x) => x > 0 ? 0.25 : NaN)")
    assert undefined["mean"] == pytest.approx(0.25)


def test_a_line_has_a_height_between_its_knots(javascript):
    for x, height in ((-1, 0.2), (0.5, 0.3), (1, 0.4), (1.75, 0.85), (9, 1.0)):
        assert javascript.call("heightAt", [0, 1, 2], [0.2, 0.4, 1.0], x) == pytest.approx(height)
