"""Predictions and questions: what is plain Markdown in a notebook becomes something to answer in the book.

The source reads as Markdown everywhere (CONTRIBUTING.md shows the forms)::

    **Predict.** Where will the curve be highest?

    1. on the left
    2. on the right

    (cells and text that would give the answer away)

    <details><summary>Answer</summary>

    1. **No.** There are no data on the left.
    2. **Yes.** Most data are there.

    More to say about it.

    </details>

Where two or more answers begin with **Yes.**, the reader selects all that apply.

A prompt is a paragraph that begins with **Predict.**, **Question.** or **Draw.** (a number may follow the word). All
that stands between it and the end of its folded answer is hidden until the reader has answered, or asked to be shown.
Instead of a list of choices a prompt may end in (a number from 0.00 to 1.00); its answer then begins with **0.36**
(± 0.05 is close enough), and items that begin with **Lower.** or **Higher.** answer what is not. **Draw.** is followed
by a cell whose figure has `predict=True`: it stays in sight, and what follows it waits for the comparison.

Without JavaScript, and on paper, the hidden part is a `<details>`. `_static/lessons.js` does the rest.
"""

import hashlib
import html
import re

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

logger = logging.getLogger(__name__)

PROMPT = re.compile(r"(Predict|Question|Draw)(?: [\d.]+)?\.$")
RANGE = re.compile(
    r"\(an? (?P<what>.*?) from (?P<low>[−\-\d.]+) to (?P<high>[−\-\d.]+)(?P<unit> [^)]*)?\)"
)
NUMBER = re.compile(r"[−-]?\d+(?:\.\d+)?")
SUMMARY = re.compile(r"<details[^>]*>\s*<summary>\s*(.*?)\s*</summary>", re.DOTALL)
RIGHT = ("Yes.", "Right.")
CONTROLS = {"choose": ("radio", "Choose one"), "select": ("checkbox", "Select all that apply")}


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def is_raw(node: nodes.Node, beginning: str) -> bool:
    return isinstance(node, nodes.raw) and node.astext().lstrip().startswith(beginning)


def first(node: nodes.Node) -> nodes.Node | None:
    """What a paragraph begins with; the parser leaves empty texts."""
    if not isinstance(node, nodes.paragraph):
        return None
    return next((child for child in node.children if child.astext()), None)


def first_word(node: nodes.Node) -> str:
    """The bold words that a paragraph begins with."""
    head = first(node)
    return head.astext() if isinstance(head, nodes.strong) else ""


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def step_of(*texts: str) -> str:
    """The step of a field that can say numbers as exact as these."""
    digits = max(len(text.partition(".")[2]) for text in texts)
    return f"{10.0**-digits:.{digits}f}"


class Prompts(SphinxTransform):
    """Groups each prompt with what it hides and gives it form controls."""

    default_priority = 400

    def apply(self, **kwargs):
        self.counts = {"predict": 0, "quiz": 0}
        for section in [*self.document.findall(nodes.section)]:
            at = 0
            while at < len(section.children):
                if PROMPT.match(first_word(section[at])):
                    self.group(section, at)
                at += 1

    def group(self, section: nodes.section, at: int):
        found = self.extent(section.children, at + 1)
        if found is None:
            return  # a prompt of the old kind: nothing to fold
        begin, end = found
        prompt, between, answer = section[at], section[at + 1 : begin], section[begin + 1 : end]
        word = PROMPT.match(first_word(prompt))[1]
        kind = "quiz" if word == "Question" else "predict"
        self.counts[kind] += 1
        name = f"{kind}-{self.counts[kind]}"
        lesson = Lesson(word, kind, name, prompt, between, answer)
        parts = lesson.parts()
        if parts is None:
            logger.warning(
                "a prompt needs a list of choices, a number's range, or a figure to draw in: %r",
                prompt.astext()[:60],
                location=prompt,
            )
            return
        section[at : end + 1] = [nodes.container("", *parts, classes=["gan-lesson-place"])]

    def extent(self, siblings: list[nodes.Node], at: int) -> tuple[int, int] | None:
        """Where the folded answer begins and ends, if it comes before the next prompt."""
        for begin in range(at, len(siblings)):
            node = siblings[begin]
            if isinstance(node, nodes.section) or PROMPT.match(first_word(node)):
                return None
            if is_raw(node, "<details") and SUMMARY.search(node.astext())[1] == "Answer":
                for end in range(begin + 1, len(siblings)):
                    if is_raw(siblings[end], "</details"):
                        return begin, end
        return None


class Lesson:
    """One prompt, with what it hides and its answer, as nodes."""

    def __init__(self, word, kind, name, prompt, between, answer):
        self.word, self.kind, self.name = word, kind, name
        self.prompt, self.between, self.answer = prompt, list(between), list(answer)

    def parts(self) -> list[nodes.Node] | None:
        """The whole lesson, or None where the source has no form that is known."""
        key = self.key()  # while the choices are still there
        if self.word == "Draw":
            form, controls, shown = "draw", [], self.take_figure()
            if shown is None:
                return None
        elif self.between and isinstance(self.between[0], nodes.enumerated_list):
            form, shown = "choose", []
            if sum(self.rights()) > 1:
                form = "select"
            controls = self.choices(self.between.pop(0), form)
        elif match := RANGE.search(self.prompt.astext()):
            form, shown = "number", []
            controls = self.field(match)
        else:
            return None
        truth = self.truth() if form == "number" else ""
        return [
            raw(
                f'<div class="gan-lesson" data-{self.kind}="{form}" data-key="{key}" id="{self.name}"{truth}>'
                f'<div class="gan-prompt" id="{self.name}-prompt">'
            ),
            self.prompt,
            raw("</div>"),
            *shown,
            *controls,
            raw('<div class="gan-feedback" role="status"></div>'),
            raw('<details class="gan-reveal"><summary>Show me</summary><div class="gan-hidden">'),
            *self.between,
            raw('<div class="gan-answer">'),
            *self.answers(form),
            raw("</div></div></details></div>"),
        ]

    def key(self) -> str:
        """What the reader's answer is kept under: another text, or other choices, are another prompt."""
        choices = [node for node in self.between[:1] if isinstance(node, nodes.enumerated_list)]
        text = " ".join(node.astext() for node in [self.prompt, *choices])
        return hashlib.sha256(text.encode()).hexdigest()[:10]

    def take_figure(self) -> list[nodes.Node] | None:
        """The cell that the prompt draws in: it stays in sight."""
        for i, node in enumerate(self.between):
            if "cell" in node.get("classes", []) and "predict=True" in node.astext():
                has_caption = [
                    first_word(n).startswith("Figure ") for n in self.between[i + 1 : i + 2]
                ]
                end = i + 1 + sum(has_caption)
                shown, self.between = self.between[:end], self.between[end:]
                return shown
        return None

    def rights(self) -> list[bool]:
        """Which of the choices are right, by what their answers begin with."""
        lists = (node for node in self.answer if isinstance(node, nodes.enumerated_list))
        items = next(lists, nodes.enumerated_list()).children
        return [first_word(item[0]).startswith(RIGHT) for item in items]

    def choices(self, listed: nodes.enumerated_list, form: str) -> list[nodes.Node]:
        self.letters = [chr(ord("a") + i) for i in range(len(listed))]
        kind, legend = CONTROLS[form]
        opening = f'<fieldset aria-labelledby="{self.name}-prompt"><legend>{legend}</legend>'
        parts = [raw(opening)]
        for letter, item in zip(self.letters, listed.children, strict=True):
            words = [node for part in item.children for node in part.children]
            parts += [
                raw(
                    f'<label><input type="{kind}" name="{self.name}" value="{letter}">'
                    f'<span class="gan-letter">{letter}</span><span class="gan-words">'
                ),
                *words,
                raw("</span></label>"),
            ]
        parts.append(raw(f"</fieldset>{self.button()}"))
        return [nodes.container("", *parts, classes=["gan-form"])]

    def field(self, match: re.Match[str]) -> list[nodes.Node]:
        low, high, unit = match["low"], match["high"], match["unit"] or ""
        said = (self.answer[0].astext() if self.answer else "")[:40]
        shown = NUMBER.search(said)
        step = step_of(low, high, shown[0] if shown else "")
        label = f"Your answer, a {match['what']} from {low} to {high}"
        text = (
            f'<label>{html.escape(label)}: <input type="number" name="{self.name}" min="{number(low):g}" '
            f'max="{number(high):g}" step="{step}" inputmode="decimal" aria-describedby="{self.name}-prompt">'
            f"{html.escape(unit)}</label> {self.button()}"
        )
        return [nodes.container("", raw(text), classes=["gan-form"])]

    def button(self) -> str:
        word = "Check" if self.kind == "quiz" else "That is my prediction"
        return f'<button type="button" class="gan-check">{word}</button>'

    def truth(self) -> str:
        """The number that the answer begins with, and how far off still counts."""
        text = self.answer[0].astext() if self.answer else ""
        found = NUMBER.findall(text)
        if not first_word(self.answer[0]) or len(found) < 2 or "±" not in text:
            logger.warning(
                "an answer in numbers begins like **0.36** (± 0.05 is close enough): %r",
                text[:60],
                location=self.prompt,
            )
            return ""
        return f' data-answer="{number(found[0]):g}" data-within="{number(found[1]):g}"'

    def answers(self, form: str) -> list[nodes.Node]:
        """The answer, with the items that answer single choices marked."""
        parts = []
        for node in self.answer:
            items = (
                list(node.children)
                if isinstance(node, nodes.enumerated_list | nodes.bullet_list)
                else []
            )
            if form in CONTROLS and isinstance(node, nodes.enumerated_list) and self.letters:
                parts += self.feedback(items)
            elif form == "number" and items and first_word(items[0][0]) in ("Lower.", "Higher."):
                parts.append(raw('<ul class="gan-replies">'))
                for item in items:
                    side = first_word(item[0])[:-1].lower()
                    parts += [raw(f'<li data-for="{side}">'), *item.children, raw("</li>")]
                parts.append(raw("</ul>"))
            else:
                parts.append(node)
        return parts

    def feedback(self, items: list[nodes.Node]) -> list[nodes.Node]:
        rights = self.rights()
        if len(items) != len(self.letters) or not any(rights) or (all(rights) and len(rights) > 1):
            logger.warning(
                "each choice needs its answer, and some, not all, begin with **Yes.**: %r",
                self.prompt.astext()[:60],
                location=self.prompt,
            )
        parts = [raw('<ol class="gan-replies" type="a">')]
        for letter, right, item in zip(self.letters, rights, items, strict=False):
            mark = " data-right" if right else ""
            parts += [raw(f'<li data-for="{letter}"{mark}>'), *item.children, raw("</li>")]
        self.letters = []
        return [*parts, raw("</ol>")]


def setup(app):
    app.add_transform(Prompts)
