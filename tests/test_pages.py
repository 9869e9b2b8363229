"""What holds every page of the book, now and later: each test runs on each page named in ``_toc.yml``.

A page is opened four times: from a server in the light theme, from the disk in the dark one, on a phone, and without
JavaScript. The tests of one page share these visits, and run one after another in the same process.
"""

import ast
import gzip
import io
import math
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageStat

ROOT = Path(__file__).parents[1]
MAX_BYTES = 600 * 1024
FIGURE = "[data-figure]"
AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "preload": False,
}  # preloading asks for files that no page names
PATIENCE = 60_000  # ms; a loaded machine takes its time, and no test here is about time

pytestmark = [pytest.mark.book, pytest.mark.browser]


def pages_of(toc) -> list[str]:
    """Every page of the table of contents, in reading order."""
    found = [toc[key] for key in ("root", "file") if key in toc]
    for key in ("parts", "chapters", "sections"):
        for entry in toc.get(key, []):
            found += pages_of(entry)
    return found


PAGES = pages_of(yaml.safe_load((ROOT / "_toc.yml").read_text()))


@pytest.fixture(scope="module", params=PAGES, ids=[f"{name}.html" for name in PAGES])
def name(request):
    """The name of the page; one process runs all tests of a page, one page after another (see conftest)."""
    return request.param


class Visit:
    """A page opened in a browser of its own, with everything that it asked for and said."""

    def __init__(self, browser, origin, name, *, theme="light", width=1280, javascript=True):
        self.origin, self.theme = origin, theme
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=javascript
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(
            f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
        )
        self.page = self.context.new_page()
        self.requests, self.responses, self.complaints = [], [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("response", lambda response: self.responses.append(response))
        self.page.on(
            "requestfailed", lambda request: self.complaints.append(f"failed: {request.url}")
        )
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self.listen)
        self.page.goto(f"{origin}{name}.html", wait_until="load")
        if javascript:
            self.page.wait_for_function(
                "() => [...document.querySelectorAll('[data-figure]')].every((f) => f.dataset.ready !== undefined)"
            )

    def listen(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def next_frames(self):
        """Wait until what changed has been laid out, measured and drawn."""
        self.page.evaluate(
            """async () => {
              for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
            }"""
        )

    def scroll_through(self):
        """Bring every part of the page into view once, for what loads only when it is seen."""
        self.page.evaluate(
            """async () => {
              for (let y = 0; y < document.body.scrollHeight; y += 700) {
                window.scrollTo(0, y);
                await new Promise(requestAnimationFrame);
              }
              window.scrollTo(0, 0);
            }"""
        )
        self.page.wait_for_load_state("networkidle")

    def lay_out_everything(self):
        """Have what is out of sight laid out too, which the pages leave until it is scrolled to."""
        self.page.add_style_tag(content="* { content-visibility: visible !important; }")

    def open_what_is_folded(self):
        """As a reader does who wants to see all."""
        self.all("article details", "(e.open = true)")

    def end_fading(self):
        """Have what fades in be there, whose colours are pale until then."""
        self.page.evaluate("Promise.all(document.getAnimations().map((fading) => fading.finished))")

    def take_out_plain_formulas(self):
        """Remove formulas in the colour of the text around them, which axe judges, and leave of MathML, which screen
        readers get and of which axe knows nothing, the words. They are most of a page's nodes, and of axe's time.
        """
        self.page.evaluate(
            """() => {
              const color = (e) => getComputedStyle(e).color;
              const plain = (formula) => [...formula.querySelectorAll('*')]
                .every((e) => color(e) === color(formula.closest('.katex').parentElement));
              for (const formula of [...document.querySelectorAll('.katex-html')].filter(plain)) formula.remove();
              for (const math of document.querySelectorAll('math')) math.replaceChildren(math.textContent);
            }"""
        )

    def mark_one_of_each_kind(self):
        """Mark one element with words of each kind, whose contrast is judged: of each name, class, colour, size, weight
        and opacity on each ground. A page has a thousand elements with words, of some hundred kinds.
        """
        self.page.evaluate(
            """() => {
              const known = new Set(), below = new Map([[document.documentElement, { ground: "", pale: 1 }]]);
              for (const e of document.querySelectorAll("body, body *")) {
                const { color, backgroundColor, backgroundImage, opacity, fontSize, fontWeight } = getComputedStyle(e);
                const own = /, 0\\)$|transparent/.test(backgroundColor) ? "" : backgroundColor;
                const picture = backgroundImage === "none" ? "" : backgroundImage;
                let { ground, pale } = below.get(e.parentElement);
                ground = (own || ground) + picture;
                pale *= opacity;
                below.set(e, { ground, pale });
                const speaks = e.matches("input, select, textarea") ||
                  [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
                if (!speaks || e.closest("script, style, math") || !e.checkVisibility()) continue;
                const look = [color, ground, pale, fontSize, fontWeight];
                const kind = [e.localName, e.getAttribute("class"), ...look].join("|");
                if (known.has(kind)) continue;
                known.add(kind);
                e.setAttribute("data-one-of-its-kind", "");
              }
            }"""
        )

    def take_out_repeated_code(self):
        """Leave of code the words that are marked: pages have thousands, which every rule of axe would go through."""
        self.all(
            "div.highlight pre span:not([data-one-of-its-kind], :has(*))",
            "e.replaceWith(e.textContent)",
        )

    def all(self, selector, expression):
        """The value of a JavaScript expression of ``e`` for each element that the selector finds."""
        return self.page.evaluate(
            f"(selector) => [...document.querySelectorAll(selector)].map((e) => {expression})",
            selector,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


@pytest.fixture(scope="module")
def served(browser, site, name):
    """The page from a server, in the light theme."""
    with Visit(browser, site, name) as visit:
        visit.scroll_through()
        yield visit


@pytest.fixture(scope="module")
def opened(browser, html, name):
    """The page opened from the disk, in the dark theme."""
    with Visit(browser, f"{html.as_uri()}/", name, theme="dark") as visit:
        visit.scroll_through()
        yield visit


@pytest.fixture(scope="module")
def phone(browser, site, name):
    """The page on a phone, unfolded and laid out; a test may turn the phone, and turns it back."""
    with Visit(browser, site, name, width=390) as visit:
        visit.open_what_is_folded()
        visit.lay_out_everything()
        visit.scroll_through()
        yield visit


@pytest.fixture(scope="module")
def plain(browser, html, name):
    """The page opened from the disk, without JavaScript, unfolded."""
    with Visit(browser, f"{html.as_uri()}/", name, javascript=False) as visit:
        visit.open_what_is_folded()
        yield visit


@pytest.fixture(params=["served", "opened"], ids=["http-light", "file-dark"])
def visit(request, name):
    """The same page, both ways."""
    return request.getfixturevalue(request.param)


def test_page_is_whole_and_keeps_to_itself(visit):
    own = (visit.origin, "data:", "blob:")
    assert [url for url in visit.requests if not url.startswith(own)] == []
    assert visit.complaints == []


def test_page_is_light(served):
    bodies = {answer.url: answer.body() for answer in served.responses if answer.status == 200}
    sizes = {url: len(gzip.compress(body)) for url, body in bodies.items()}
    digits = [sizes.pop(url) for url in [*sizes] if url.endswith("live-digits.bin.js")]
    assert sum(digits) <= 700 * 1024  # the digits to learn from, which come when the figure is seen
    assert sum(sizes.values()) <= MAX_BYTES, sorted(sizes.items(), key=lambda item: -item[1])[:8]


def test_links_and_anchors_resolve(served, html, anchors, name):
    broken = []
    for link in served.all("a[href]", "e.getAttribute('href')"):
        target = urlsplit(urljoin(f"{name}.html", link))
        if target.scheme or target.netloc:
            continue
        path, fragment = unquote(target.path), unquote(target.fragment)
        if not (html / path).is_file() or (
            fragment and path in anchors and fragment not in anchors[path]
        ):
            broken.append(link)
    assert broken == []


@pytest.fixture(scope="module")
def anchors(html):
    """What a link can point at, by file name."""
    return {
        path.name: set(re.findall(r'(?<![\w-])id="([^"]+)"', path.read_text(encoding="utf-8")))
        for path in html.glob("*.html")
    }


def test_every_image_has_alternative_text(served):
    nameless = "img:not([alt]), img[alt=''], img[alt^='_images/']"  # Sphinx puts the path for none
    assert served.all(nameless, "e.src") == []


def test_headings_step_down_one_at_a_time(served):
    levels = served.all("article :is(h1, h2, h3, h4, h5, h6)", "Number(e.tagName[1])")
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


def test_no_cell_shows_the_name_of_a_matplotlib_object(served):
    shown = served.all(".cell_output pre", "e.textContent")
    assert [text for text in shown if re.search(r"<matplotlib|<Axes|\bText\(", text)] == []


def test_pages_that_run_can_be_launched(served, name):
    if not (ROOT / "book" / f"{name}.ipynb").is_file():
        pytest.skip("a page of prose: nothing to launch")
    addresses = served.all("a[href]", "e.href")
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"][
        "url"
    ].removeprefix("https://github.com/")
    colab = f"https://colab.research.google.com/github/{repository}/blob/main/book/{name}.ipynb"
    assert colab in addresses
    assert any(
        a.startswith(f"https://mybinder.org/v2/gh/{repository}/main") and name in a
        for a in addresses
    )


def test_numbers_carry_their_unrounded_value(served):
    outputs = served.all(f"{FIGURE} output", "[e.getAttribute('name'), e.dataset.value]")
    assert all(key and value not in (None, "") for key, value in outputs), outputs


COLORS = ["color-contrast", "link-in-text-block"]


def grave(answer) -> list:
    """What axe found that keeps somebody out."""
    return [
        (rule["id"], rule["help"], [node["html"][:160] for node in rule["nodes"]][:4])
        for rule in answer.response["violations"]
        if rule["impact"] in ("serious", "critical")
    ]


def test_page_is_accessible(visit):
    visit.open_what_is_folded()
    visit.lay_out_everything()
    visit.next_frames()
    visit.end_fading()
    visit.take_out_plain_formulas()
    visit.mark_one_of_each_kind()
    visit.take_out_repeated_code()
    colors = AXE_OPTIONS | {"runOnly": COLORS}
    assert grave(Axe().run(visit.page, context="[data-one-of-its-kind], a", options=colors)) == []
    if visit.theme == "light":  # the dark theme changes colours and nothing else
        others = AXE_OPTIONS | {"rules": {name: {"enabled": False} for name in COLORS}}
        assert grave(Axe().run(visit.page, options=others)) == []


def test_the_dark_theme_turns_drawings_over_and_leaves_data_as_it_is(opened, html):
    opened.open_what_is_folded()
    for image in opened.page.locator("article img").all():
        source = image.get_attribute("src")
        drawn = (html / source).read_bytes()
        is_data = source[-4:] != ".svg" or re.search(b"<image|QuadMesh|ContourSet", drawn)
        turned = "invert" in image.evaluate("(e) => getComputedStyle(e).filter")
        assert turned == (not is_data), source
        if not is_data:
            shot = Image.open(io.BytesIO(image.screenshot())).convert("L")
            assert ImageStat.Stat(shot).mean[0] < 100, f"{source} glares"


UNSET = """() => [...document.querySelectorAll("[data-figure]")].flatMap((figure) => {
  const parts = ".gan-control-label, .gan-output-label, .gan-caption, .gan-table, button, legend, label";
  const words = [...figure.querySelectorAll(parts)].map((e) => e.textContent);
  return words.filter((text) => /\\$|_\\w|\\\\[a-z]/.test(text));
})"""


def test_the_words_of_figures_are_typeset(served):
    assert served.page.evaluate(UNSET) == []


def test_p_data_is_typeset_where_it_is_drawn(browser, html):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"file://{html}/playground.html")
    page.wait_for_selector("[data-figure][data-ready]")
    legend = page.locator("legend", has_text="Draw")
    assert legend.inner_text().startswith("Draw pdata: with the pointer")
    italic, index = legend.locator("i", has_text="p"), legend.locator("sub", has_text="data")
    look = "(e) => [getComputedStyle(e).fontStyle, parseFloat(getComputedStyle(e).fontSize)]"
    (slope, size), (_, small) = italic.evaluate(look), index.evaluate(look)
    assert slope == "italic"
    assert small < 0.8 * size
    letter, below = italic.bounding_box(), index.bounding_box()
    assert 0 <= below["x"] - letter["x"] - letter["width"] < 2
    assert below["y"] + below["height"] > letter["y"] + letter["height"] - 1
    page.close()


SHOWN = """(input) => {
  const figure = input.closest('[data-figure]');
  const numbers = [...figure.querySelectorAll('output')].map((o) => o.dataset.value);
  const drawings = [...figure.querySelectorAll('svg')].map((s) => s.innerHTML);
  const canvases = [...figure.querySelectorAll('canvas')].map((c) => c.toDataURL());
  return JSON.stringify([numbers, drawings, canvases]);
}"""  # everything that the slider's figure shows


def test_every_slider_moves_by_keyboard(served):
    page = served.page
    served.open_what_is_folded()
    served.next_frames()
    for pause in page.locator(f"{FIGURE} button", has_text="Pause").element_handles():
        pause.click()  # what moves by itself would pass for moved by the slider
    sliders = page.locator(f"{FIGURE} input[type=range]:enabled:visible").element_handles()
    for slider in sliders:
        slider.focus()
        served.next_frames()
        slider.evaluate(f"(input) => {{ globalThis.before = ({SHOWN})(input); }}")
        at_top = slider.evaluate("(input) => Number(input.value) >= Number(input.max)")
        page.keyboard.press("ArrowLeft" if at_top else "ArrowRight")
        served.next_frames()
        figure = slider.evaluate("(input) => input.closest('[data-figure]').dataset.figure")
        assert slider.evaluate(f"(input) => ({SHOWN})(input) !== globalThis.before"), (
            f"{figure}: {slider.get_attribute('name')} changes nothing"
        )
    assert served.complaints == []


def test_page_fits_a_narrow_screen(phone):
    for width in (320, 360, 390):
        phone.page.set_viewport_size({"width": width, "height": 800})
        phone.next_frames()
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= width
        wide = phone.page.evaluate(
            """(width) => [...document.querySelectorAll('[data-figure]')]
              .filter((f) => f.scrollWidth > f.clientWidth + 1 || f.getBoundingClientRect().right > width + 1)
              .map((f) => f.dataset.figure)""",
            width,
        )
        assert wide == [], f"at {width} px"


STRAYS = """() => [...document.querySelectorAll("article .katex")].flatMap((formula) => {
  const text = (formula.closest("span.math") ?? formula).nextSibling;
  if (text?.nodeType !== Node.TEXT_NODE || !/^[.,;:!?)]/.test(text.data)) return [];
  const range = document.createRange();
  range.setStart(text, 0);
  range.setEnd(text, 1);
  const [mark, end] = [range, [...formula.querySelectorAll(".base")].pop()].map((e) => e.getBoundingClientRect());
  return mark.top > end.bottom ? [formula.parentElement.textContent.slice(-40)] : [];
})"""
HIDDEN = """() => [...document.querySelectorAll("article *")]
  .filter((e) => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1)
  .filter((e) => !e.closest("[data-figure], .katex, .cell_output"))
  .filter((e) => ["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX))
  .filter((e) => !getComputedStyle(e).backgroundAttachment.includes("local"))
  .map((e) => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 40)}`)"""


PATCHES = """() => [...document.querySelectorAll("article *")]
  .filter((e) => e.matches(".math-scroll, .drawing-scroll, .pst-scrollable-table-container")).filter((e) => {
    let ground = e.parentElement;
    while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
    e.style.color = "var(--behind)";
    const behind = getComputedStyle(e).color;
    e.style.color = "";
    return behind !== getComputedStyle(ground).backgroundColor;
  }).map((e) => e.parentElement.outerHTML.slice(0, 80))"""


def test_the_ends_of_what_scrolls_have_the_colour_of_the_ground(visit):
    assert visit.page.evaluate(PATCHES) == []


def test_on_a_phone_nothing_hides_and_no_line_begins_with_a_full_stop(phone):
    phone.page.evaluate("document.fonts.ready")
    assert phone.page.evaluate(STRAYS) == []
    assert phone.page.evaluate(HIDDEN) == [], "it scrolls, and nothing says so"
    columns = phone.all("article td:has(code)", "e.getBoundingClientRect().width")
    assert all(width > 100 for width in columns), "code in a column of single letters"


def smallest_word(svg: str) -> float:
    """The size of the smallest word of a drawing in its own units; exponents and indices go with their word."""
    pattern = r"font(?:-size)?:\s*(?:[a-z]+\s+)*([\d.]+)px"
    words = [re.findall(pattern, word) for word in re.findall(r"<text.*?</text>", svg, re.DOTALL)]
    return min((max(map(float, sizes)) for sizes in words if sizes), default=math.inf)


DRAWINGS = """(e) => [e.getAttribute("src"), e.getBoundingClientRect().width,
  e.getBoundingClientRect().right > innerWidth,
  getComputedStyle(e.parentElement).backgroundAttachment.includes("local")]"""


def test_drawings_can_be_read_on_a_phone(phone, html):
    """No word of matplotlib's is smaller than 8 px; a drawing that needs more than the column scrolls, and says so."""
    for source, width, behind, hint in phone.all(".cell_output img", f"({DRAWINGS})(e)"):
        if not source.endswith(".svg"):
            continue
        svg = (html / source).read_text(encoding="utf-8")
        across = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
        assert smallest_word(svg) * width / across > 7.9, source
        assert hint or not behind, source


MALFORMED = """() => {
  const wanted = { mfrac: 2, mroot: 2, msub: 2, msup: 2, munder: 2, mover: 2, msubsup: 3, munderover: 3 };
  return [...document.querySelectorAll("math *")]
    .filter((e) => e.localName in wanted && e.children.length !== wanted[e.localName]).map((e) => e.outerHTML);
}"""


def test_what_browsers_and_screen_readers_are_told_is_in_order(phone):
    assert phone.page.evaluate(MALFORMED) == []
    assert phone.all("[role=doc-biblioentry], [role=doc-endnote]", "e.outerHTML.slice(0, 80)") == []
    said = [part.strip().lower() for part in phone.page.title().split("—")]
    assert len(set(said)) == len(said)


def test_every_icon_has_a_glyph(served):
    icons = served.all(
        "i[class*=fa-], span[class*=fa-]", "[e.className, getComputedStyle(e, '::before').content]"
    )
    assert icons
    assert [name for name, content in icons if content in ("none", "normal", '""')] == []


NO_RING = """() => {
  const focused = document.activeElement;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(focused);
  const ring = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || / 0px 0px 0px [2-9]/.test(boxShadow);
  return ring || focused === document.body ? [] : [focused.outerHTML.slice(0, 90)];
}"""


def test_the_keyboard_is_seen_wherever_it_is(served):
    served.page.evaluate("document.activeElement.blur()")
    unseen = []
    for _ in range(45):  # through the list of pages into the header and the text
        served.page.keyboard.press("Tab")
        unseen += served.page.evaluate(NO_RING)
    assert unseen == []


CUT_OFF = """() => {
  for (const details of document.querySelectorAll("article details")) details.open = true;
  return [...document.querySelectorAll("article pre")].filter((e) => e.scrollWidth > e.clientWidth + 1)
    .map((e) => [e.scrollWidth - e.clientWidth, e.textContent.trim().slice(0, 60)]);
}"""


IN_ONE_PIECE = """() => [...document.querySelectorAll("article pre")].filter((e) => {
  for (; e.tagName !== "SECTION" && e.tagName !== "ARTICLE"; e = e.parentElement) {
    const { overflowX, breakInside, display } = getComputedStyle(e);
    if (overflowX !== "visible" || breakInside !== "auto" || display === "flex") return true;
  }
  return false;
}).map((e) => e.textContent.slice(0, 60))"""


SHADOWS = """() => [...document.querySelectorAll("article *")]
  .filter((e) => getComputedStyle(e).backgroundAttachment.includes("local"))
  .filter((e) => getComputedStyle(e).backgroundImage !== "none").map((e) => e.className)"""


def test_no_code_and_no_result_is_cut_off(phone):
    assert phone.page.evaluate(CUT_OFF) == [], "at 390 px"
    phone.page.set_viewport_size({"width": 1280, "height": 900})
    assert phone.page.evaluate(CUT_OFF) == []
    phone.page.set_viewport_size({"width": 720, "height": 1000})
    phone.page.emulate_media(media="print")
    assert phone.page.evaluate(CUT_OFF) == [], "on paper"
    assert phone.page.evaluate(SHADOWS) == [], "a hairline on paper"
    # or a frame would stand at a page's end, tall and empty
    assert phone.page.evaluate(IN_ONE_PIECE) == []
    phone.page.emulate_media(media="screen")
    phone.page.set_viewport_size({"width": 390, "height": 900})


def test_code_among_the_results_can_be_run(served):
    for source in served.all(".cell_output .highlight-python pre", "e.textContent"):
        ast.parse(source)


def test_figures_are_pictures_without_javascript(plain):
    for figure in plain.page.locator(FIGURE).all():
        assert figure.locator("svg[role=img], img").first.is_visible(), figure.get_attribute(
            "data-figure"
        )
        assert not figure.locator("input:visible").count()


SMALLEST = """(svg) => {
  const sizes = [...svg.querySelectorAll("text")].map((e) => parseFloat(getComputedStyle(e).fontSize));
  return Math.min(...sizes) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
}"""


def test_pictures_without_javascript_can_be_read_on_a_phone(plain):
    plain.page.set_viewport_size({"width": 390, "height": 900})
    plots = plain.all(f"{FIGURE} svg.gan-plot", f"[e.ariaLabel, ({SMALLEST})(e)]")
    assert [(label, size) for label, size in plots if not size >= 9] == []
    plain.page.set_viewport_size({"width": 1280, "height": 900})


def test_the_magnifier_stands_before_the_query(browser, site):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{site}search.html")
    for form in page.locator("form.bd-search:visible").all():
        icon, field = form.locator("i").bounding_box(), form.locator("input")
        begins = field.bounding_box()["x"] + float(
            field.evaluate("(e) => parseFloat(getComputedStyle(e).paddingLeft)")
        )
        assert icon["x"] + icon["width"] <= begins
    page.close()


def test_the_table_of_contents_holds_every_page():
    written = {path.stem for path in (ROOT / "book").glob("*.ipynb")} | {
        path.stem for path in (ROOT / "book").glob("*.md")
    }
    assert written == set(PAGES)
