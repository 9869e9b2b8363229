"""Search: an index of the book's sections, as a script, which also loads over ``file://``.

An entry is a section with its words: no code, no lists of contents, and each formula once, in plain signs.
What ``search.js`` makes of it stands there.
"""

import json
import re

from docutils import nodes
from sphinx import addnodes

NAMED = "log exp min max sup inf det dim ker"  # functions that are written as they are spoken
GREEK = "alpha α beta β gamma γ delta δ varepsilon ε epsilon ε eta η theta θ lambda λ mu μ pi π rho ρ sigma σ tau τ"
MORE = "varphi φ phi φ psi ψ omega ω Delta Δ Sigma Σ Phi Φ nabla ∇ partial ∂ int ∫ sum ∑ prod ∏ infty ∞ arg arg"
RELATIONS = (
    "le ≤ leq ≤ ge ≥ geq ≥ ne ≠ neq ≠ approx ≈ sim ~ in ∈ to → mapsto ↦ cdot · times × pm ± mid |"
)
DOTS = "vert | Vert ‖ | ‖ dots … ldots … cdots …"
PAIRS = " ".join([GREEK, MORE, RELATIONS, DOTS]).split()
SIGNS = dict(zip(PAIRS[::2], PAIRS[1::2], strict=True)) | {name: name for name in NAMED.split()}
WEIGHTS = {
    "index": 0.7,
    "glossary": 0.6,
    "figures": 0.6,
    "api": 0.3,
    "references": 0.3,
    "next": 0.6,
}
# What a chapter is also asked for as, beside the words of its titles.
KEYWORDS = {
    "conditional": ["cgan", "class labels"],
    "convergence": ["nash equilibrium", "proposition 2", "dirac gan"],
    "earth-mover": ["wasserstein distance", "optimal transport"],
    "minimax-game": ["value function", "non-saturating", "saturation", "loss function"],
    "neighbours": ["vae", "diffusion", "normalising flow"],
    "parzen": ["kernel density estimate", "log-likelihood"],
    "training-1d": ["mode collapse", "algorithm 1", "oscillation"],
    "training-images": ["mnist", "batch norm", "dcgan"],
    "wgan": ["wasserstein", "wasserstein gan", "lipschitz", "weight clipping", "critic"],
}
WITHOUT_WORDS = (
    nodes.raw,
    nodes.comment,
    nodes.target,
    nodes.system_message,
    nodes.image,
    addnodes.index,
)
ELSEWHERE = (
    nodes.section,
    nodes.title,
    nodes.literal_block,
    nodes.topic,
    addnodes.toctree,
    addnodes.desc,
)
SKIPPED = WITHOUT_WORDS + ELSEWHERE


ARGUMENT = r"\s*(\{[^{}]*\}|\\[A-Za-z]+|\w)"
FRACTION = re.compile(rf"\\[dt]?frac{ARGUMENT}{ARGUMENT}")


def fraction(match: re.Match[str]) -> str:
    """Above / below, each in brackets if it is a sum."""
    parts = (part.strip("{} ") for part in match.groups())
    return "/".join(f"({part})" if re.search(r"[+\-]", part) else part for part in parts)


def in_a_line(latex: str) -> str:
    r"""A formula in plain signs: ``\mathbb E_{x\sim p_\text{data}}`` is "E_x~p_data"."""
    text = re.sub(r"_\s*\\(?:text|mathrm)\s*\{(\w+)\}", r"_\1", latex)
    while (inner := FRACTION.sub(fraction, text)) != text:
        text = inner
    text = re.sub(
        r"\\(?:begin|end)\{\w+\}|\\[dt]?frac|\\(?:left|right|big|Big|bigg)(?![a-z])|[&~]", " ", text
    )
    text = re.sub(r"\\([A-Za-z]+|\|)", lambda match: SIGNS.get(match[1], ""), text)
    return " ".join(re.sub(r"\\.|[{}$]", " ", text).replace("_ ", "_").split())


def words(node: nodes.Node) -> str:
    """The text of a node as a reader has it, without code and contents."""
    if isinstance(node, nodes.Text):
        return str(node)
    if isinstance(node, nodes.math | nodes.math_block):
        return in_a_line(node.astext())
    if isinstance(node, SKIPPED) or "cell" in node.get("classes", []):
        return " "
    inner = "".join(words(child) for child in node.children)
    return inner if isinstance(node, nodes.Inline) else f"{inner} "


def plain(node: nodes.Element) -> str:
    """All words of a node's children, in one line."""
    return " ".join("".join(words(child) for child in node.children).split())


def entries(docname: str, doctree: nodes.document) -> list[list]:
    """[page, its title, weight, keywords, anchor, title of the section, text] for each section and name."""
    titles = [plain(section[0]) for section in doctree.findall(nodes.section)]
    weight, keywords = WEIGHTS.get(docname, 1.0), KEYWORDS.get(docname, [])
    head = [docname, titles[0] if titles else docname, weight, keywords]
    found = [
        [*head, section["ids"][0], title, plain(section)]
        for section, title in zip(doctree.findall(nodes.section), titles, strict=True)
    ]
    for description in doctree.findall(addnodes.desc):
        signature, content = description[0], description[-1]
        if signature.get("ids"):
            anchor = signature["ids"][0]
            found.append([*head, anchor, anchor.split(".")[-1], plain(content)])
    return found


def write_index(app, exception):
    if exception or app.builder.format != "html":
        return
    index = [
        entry
        for docname in sorted(app.env.found_docs)
        for entry in entries(docname, app.env.get_doctree(docname))
    ]
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    target = app.outdir / "_static" / "search-index.js"
    target.write_text(f"ganSearch.deliver({text});\n", encoding="utf-8")


def setup(app):
    app.connect("build-finished", write_index)
