"""Boxes, captions, numbered equations and references to them, from plain Markdown.

- A quotation that begins with **Definition.**, **Theorem 1** (name)., **Example.** or **Warning.** … is a box. Its
  anchor is `#theorem-1`, or `#lemma` without a number.
- A paragraph that begins with *Proof.* and all up to the one with its square is a proof. `<details>` whose summary
  begins with Proof, Remark, Hint or Solution is a fold of that kind.
- A paragraph that begins with **Figure 1.** is the caption of what stands before it, with the anchor `#figure-1`; so
  is one that begins with **In one look.**, under the picture at a chapter's head.
- A formula that ends in `\\tag{1}` (or `\\qquad(1)`) is equation 1, with the anchor `#equation-1`.
- `[Theorem 1](#theorem-1)` is a link everywhere; in the book "Theorem 1" and "equation (1)" are links without being
  written as such, where the page has them.
"""

import re

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from .lessons import first, first_word, raw

KINDS = "Definition Theorem Proposition Lemma Corollary Example Warning Algorithm"
NAME = re.compile(rf"({KINDS.replace(' ', '|')})(?: (\d+))?\.?$")
CAPTION = re.compile(r"(?:Figure (\d+)|In one look)\.$")
TAG = re.compile(r"(?:\\q?quad)?\s*(?:\\tag\{(\w+)\}|\\q?quad\s*\((\d+)\))\s*$")
FOLD = re.compile(r"<details>\s*<summary>(Proof|Remark|Hint|Solution)")
MENTION = re.compile(
    rf"\b(?P<box>{KINDS.replace(' ', '|')}|Figure)(?: (?P<n>\d+))?(?!\w)|(?<=\w )(?P<eq>\((?P<m>\d+)\))"
)
UNTOUCHED = (
    nodes.reference,
    nodes.title,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.raw,
)


def anchor(kind: str, count: str | None) -> str:
    return f"{kind.lower()}-{count}" if count else kind.lower()


class Boxes(SphinxTransform):
    """Runs before links to anchors of the same page are resolved (MyST: 879)."""

    default_priority = 500

    def apply(self, **kwargs):
        self.titles: dict[str, str] = {}
        for section in [*self.document.findall(nodes.section)]:
            self.captions(section)
            self.proofs(section)
        for place in [*self.document.findall(nodes.container)]:
            if "gan-lesson-place" in place["classes"]:
                self.captions(place)
        for quotation in [*self.document.findall(nodes.block_quote)]:
            self.box(quotation)
        for formula in self.document.findall(nodes.math_block):
            self.number(formula)
        for fold in self.document.findall(nodes.raw):
            self.fold(fold)
        self.link_mentions()

    def name(self, node: nodes.Element, identifier: str, title: str):
        """Make the node a target: of links on this page and from others."""
        if identifier in self.document.ids:
            return
        node["ids"].append(identifier)
        node["names"].append(identifier)
        self.document.note_explicit_target(node)
        self.titles[identifier] = title
        slugs = self.env.metadata[self.env.docname].setdefault("myst_slugs", {})
        slugs[identifier] = (node.line or 0, identifier, title)

    def box(self, quotation: nodes.block_quote):
        match = NAME.match(first_word(quotation[0])) if quotation.children else None
        if match is None:
            return
        kind = match[1].lower()
        box = nodes.container("", *quotation.children, classes=["gan-box", f"gan-{kind}"])
        self.name(box, anchor(match[1], match[2]), first_word(quotation[0]).rstrip("."))
        quotation.replace_self(box)

    def number(self, formula: nodes.math_block):
        latex = formula.astext()
        match = TAG.search(latex)
        if match is None:
            return
        count = match[1] or match[2]
        formula[:] = [nodes.Text(latex[: match.start()].rstrip())]
        formula.rawsource = formula.astext()
        formula["own-number"] = count
        self.name(formula, f"equation-{count}", f"Equation ({count})")

    def captions(self, parent: nodes.Element):
        for at in range(len(parent.children) - 1, 0, -1):
            self.caption(parent, at)

    def caption(self, parent: nodes.Element, at: int):
        words = parent[at]
        match = CAPTION.match(first_word(words))
        if match is None or isinstance(parent[at - 1], nodes.raw):
            return
        figure = nodes.container(classes=["gan-captioned"])
        shown = parent[at - 1]
        title = first_word(words).rstrip(".")
        self.name(figure, anchor("Figure", match[1]) if match[1] else "in-one-look", title)
        figure += [
            raw("<figure>"),
            shown,
            raw("<figcaption>"),
            words,
            raw("</figcaption></figure>"),
        ]
        parent[at - 1 : at + 1] = [figure]

    def proofs(self, parent: nodes.Element):
        at = 0
        while at < len(parent.children):
            node = parent[at]
            if begins_proof(node):
                end = next((i for i in range(at, len(parent)) if ends_proof(parent[i])), None)
                if end is not None:
                    parent[at : end + 1] = [
                        nodes.container("", *parent[at : end + 1], classes=["gan-proof"])
                    ]
            at += 1

    def fold(self, node: nodes.raw):
        match = FOLD.match(node.astext().lstrip())
        if match:
            text = node.astext().replace(
                "<details>", f'<details class="gan-fold gan-fold-{match[1].lower()}">', 1
            )
            node[:] = [nodes.Text(text)]

    def link_mentions(self):
        for text in [*self.document.findall(nodes.Text)]:
            if not MENTION.search(text) or within(text, UNTOUCHED):
                continue
            parts, at = [], 0
            for match in MENTION.finditer(text):
                target = (
                    f"equation-{match['m']}" if match["eq"] else anchor(match["box"], match["n"])
                )
                if target not in self.titles or inside_itself(text, target):
                    continue
                start, end = match.span("eq") if match["eq"] else match.span()
                link = nodes.reference("", text[start:end], refid=target, internal=True)
                parts += [nodes.Text(text[at:start]), link]
                at = end
            if parts:
                position = text.parent.index(text)
                text.parent[position : position + 1] = [*parts, nodes.Text(text[at:])]


def begins_proof(node: nodes.Node) -> bool:
    """*Proof.* or **First proof, by calculus.**"""
    head = first(node)
    return isinstance(head, nodes.emphasis | nodes.strong) and bool(
        re.match(r"(\w+ )?proof\b.*\.$|Proof\.$", head.astext(), re.IGNORECASE)
    )


def ends_proof(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Element) and any(
        "\\square" in math.astext() for math in node.findall(nodes.math)
    )


def within(node: nodes.Node, kinds) -> bool:
    while node is not None:
        if isinstance(node, (*kinds, addnodes.pending_xref)):
            return True
        node = node.parent
    return False


def inside_itself(node: nodes.Node, target: str) -> bool:
    """A box's own words do not point at it."""
    while node is not None:
        if isinstance(node, nodes.Element) and target in node.get("ids", []):
            return True
        node = node.parent
    return False


def setup(app):
    app.add_transform(Boxes)
