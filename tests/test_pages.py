"""What holds every page of the book, now and later: each test runs on each page named in ``_toc.yml``."""

import gzip
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]
MAX_BYTES = 600 * 1024
FIGURE = "[data-figure]"

pytestmark = [pytest.mark.book, pytest.mark.browser]


def pages_of(toc) -> list[str]:
    """Every page of the table of contents, in reading order."""
    found = [toc[key] for key in ("root", "file") if key in toc]
    for key in ("parts", "chapters", "sections"):
        for entry in toc.get(key, []):
            found += pages_of(entry)
    return found


PAGES = pages_of(yaml.safe_load((ROOT / "_toc.yml").read_text()))
every_page = pytest.mark.parametrize("name", PAGES)


class Visit:
    """A page opened in a browser of its own, with everything that it asked for and said."""

    def __init__(self, browser, address, *, theme="light", width=1280, javascript=True):
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=javascript
        )
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
        self.page.goto(address, wait_until="load")
        if javascript:
            self.wait_for_figures()

    def listen(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def wait_for_figures(self):
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('[data-figure]')].every((f) => f.hasAttribute('data-ready'))",
            timeout=15000,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()


def lay_out_everything(page):
    """Have what is out of sight laid out too, which the pages leave until it is scrolled to."""
    page.add_style_tag(content="* { content-visibility: visible !important; }")


def is_own(url: str, origin: str) -> bool:
    return url.startswith((origin, "data:", "blob:"))


def scroll_through(page):
    """Bring every part of the page into view once, for what loads only when it is seen."""
    page.evaluate(
        """async () => {
          for (let y = 0; y < document.body.scrollHeight; y += 700) {
            window.scrollTo(0, y);
            await new Promise((resolve) => setTimeout(resolve, 30));
          }
          window.scrollTo(0, 0);
        }"""
    )
    page.wait_for_load_state("networkidle")


@every_page
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_page_is_whole_and_keeps_to_itself(browser, site, html, name, scheme):
    origin = site if scheme == "http" else f"file://{html}/"
    with Visit(browser, f"{origin}{name}.html") as visit:
        scroll_through(visit.page)
        assert [url for url in visit.requests if not is_own(url, origin)] == []
        assert visit.complaints == []


@every_page
def test_page_is_light(browser, site, name):
    with Visit(browser, f"{site}{name}.html") as visit:
        scroll_through(visit.page)
        bodies = {
            response.url: response.body() for response in visit.responses if response.status == 200
        }
        sizes = {url: len(gzip.compress(body)) for url, body in bodies.items()}
        assert sum(sizes.values()) <= MAX_BYTES, sorted(sizes.items(), key=lambda item: -item[1])[
            :8
        ]


@every_page
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_page_is_accessible(browser, site, name, theme):
    with Visit(browser, f"{site}{name}.html", theme=theme) as visit:
        lay_out_everything(visit.page)
        violations = Axe().run(visit.page).response["violations"]
        grave = [
            (rule["id"], rule["help"], [node["html"][:160] for node in rule["nodes"]][:4])
            for rule in violations
            if rule["impact"] in ("serious", "critical")
        ]
        assert grave == []


@every_page
def test_page_fits_a_narrow_screen(browser, site, name):
    with Visit(browser, f"{site}{name}.html", width=390) as visit:
        lay_out_everything(visit.page)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
        wide = visit.page.evaluate(
            """() => [...document.querySelectorAll('[data-figure]')]
              .filter((f) => f.scrollWidth > f.clientWidth + 1 || f.getBoundingClientRect().right > 391)
              .map((f) => f.dataset.figure)"""
        )
        assert wide == []


@every_page
def test_every_slider_moves_by_keyboard(browser, site, name):
    with Visit(browser, f"{site}{name}.html") as visit:
        for pause in visit.page.get_by_role("button", name="Pause").all():
            pause.click()  # what moves by itself would pass for moved by the slider
        sliders = visit.page.locator(f"{FIGURE} input[type=range]:enabled:visible")
        for slider in sliders.all():
            before = shown(slider)
            slider.focus()
            at_top = slider.evaluate("(input) => Number(input.value) >= Number(input.max)")
            visit.page.keyboard.press("ArrowLeft" if at_top else "ArrowRight")
            figure = slider.evaluate("(input) => input.closest('[data-figure]').dataset.figure")
            assert shown(slider) != before, (
                f"{figure}: {slider.get_attribute('name')} changes nothing"
            )


def shown(slider) -> str:
    """Everything the slider's figure shows: its drawings and its numbers."""
    return slider.evaluate(
        """(input) => {
          const figure = input.closest('[data-figure]');
          const numbers = [...figure.querySelectorAll('output')].map((o) => o.dataset.value);
          const drawings = [...figure.querySelectorAll('svg')].map((s) => s.innerHTML);
          const canvases = [...figure.querySelectorAll('canvas')].map((c) => c.toDataURL());
          return JSON.stringify([numbers, drawings, canvases]);
        }"""
    )


@every_page
def test_numbers_carry_their_unrounded_value(browser, site, name):
    with Visit(browser, f"{site}{name}.html") as visit:
        outputs = visit.page.locator(f"{FIGURE} output").evaluate_all(
            "(all) => all.map((o) => [o.getAttribute('name'), o.dataset.value])"
        )
        assert all(key and value not in (None, "") for key, value in outputs), outputs


@every_page
def test_figures_are_pictures_without_javascript(browser, html, name):
    with Visit(browser, f"file://{html}/{name}.html", javascript=False) as visit:
        for figure in visit.page.locator(FIGURE).all():
            assert figure.locator("svg[role=img], img").first.is_visible(), figure.get_attribute(
                "data-figure"
            )
            assert (
                not figure.locator("input").first.is_visible()
                if figure.locator("input").count()
                else True
            )


@pytest.fixture(scope="module")
def documents(html):
    """The built pages as parsed HTML, by file name."""
    return {
        path.name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in html.glob("*.html")
    }


@every_page
def test_links_and_anchors_resolve(documents, html, name):
    broken = []
    anchors = {
        page: {tag["id"] for tag in soup.find_all(id=True)} for page, soup in documents.items()
    }
    for link in documents[f"{name}.html"].find_all("a", href=True):
        target = urlsplit(urljoin(f"{name}.html", link["href"]))
        if target.scheme or target.netloc:
            continue
        path, fragment = unquote(target.path), unquote(target.fragment)
        if not (html / path).is_file() or (
            fragment and path in anchors and fragment not in anchors[path]
        ):
            broken.append(link["href"])
    assert broken == []


@every_page
def test_every_image_has_alternative_text(documents, name):
    images = documents[f"{name}.html"].find_all("img")
    assert [image.get("src") for image in images if not image.get("alt", "").strip()] == []


@every_page
def test_headings_step_down_one_at_a_time(documents, name):
    article = documents[f"{name}.html"].find("article")
    levels = [int(heading.name[1]) for heading in article.find_all(re.compile("^h[1-6]$"))]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


@every_page
def test_no_cell_shows_the_name_of_a_matplotlib_object(documents, name):
    shown = [
        output.get_text()
        for output in documents[f"{name}.html"].select(".cell_output .output pre, .cell_output pre")
    ]
    assert [text for text in shown if re.search(r"<matplotlib|<Axes|\bText\(", text)] == []


@every_page
def test_pages_that_run_can_be_launched(documents, name):
    if not (ROOT / "book" / f"{name}.ipynb").is_file():
        pytest.skip("a page of prose: nothing to launch")
    addresses = [link["href"] for link in documents[f"{name}.html"].find_all("a", href=True)]
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"][
        "url"
    ].removeprefix("https://github.com/")
    colab = f"https://colab.research.google.com/github/{repository}/blob/main/book/{name}.ipynb"
    assert colab in addresses
    assert any(
        a.startswith(f"https://mybinder.org/v2/gh/{repository}/main") and name in a
        for a in addresses
    )


def test_the_table_of_contents_holds_every_page():
    written = {path.stem for path in (ROOT / "book").glob("*.ipynb")} | {
        path.stem for path in (ROOT / "book").glob("*.md")
    }
    assert written == set(PAGES)
