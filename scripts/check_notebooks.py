"""Fail unless every notebook in book/ is committed the way CONTRIBUTING.md asks: no outputs, no counts, stable ids,
and unless the folds (`<details>`) of every page end where they seem to.

    python scripts/check_notebooks.py [--fix]

``--fix`` mends in place what needs no thought: outputs and counts go, JupyterLab folds (`jupyter.source_hidden`)
what tags fold in the book, a folded cell says in the book what Colab reads in its `# @title`, and the first code cell
installs from the repository that `_config.yml` names.

A notebook whose metadata has `gan_tutorial.open_lines` keeps its open code within that many lines, none of them wider
than a column of the book, and answers every prompt that it has.
"""

import re
import sys
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "book"
COLUMN = 76  # characters of code that the book's column shows
FOLDS = {"hide-cell", "hide-input"}
PROMPT = re.compile(r"\*\*(?:Predict|Question|Draw)(?: [\d.]+)?\.\*\*")
TITLE = re.compile(r"# ?@title (.+)")
FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1`*~*$", re.DOTALL | re.MULTILINE)
INSTALL = """import importlib.util
import os

if importlib.util.find_spec("gan_tutorial") is None:
    source = os.environ.get(
        "GAN_TUTORIAL_SOURCE", "git+{repository}"
    )
    %pip install --quiet "gan-tutorial[book] @ {{source}}\""""


def clear(notebook) -> bool:
    """Drop outputs and counts; tell whether there were any."""
    found = False
    for cell in notebook.cells:
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            cell.outputs, cell.execution_count, found = [], None, True
    return found


def is_folded(cell) -> bool:
    """Whether the book folds the cell's code."""
    return bool(FOLDS & set(cell.metadata.get("tags", [])))


def fold(notebook) -> bool:
    """Have JupyterLab fold the cells that the book folds, and no others; tell whether that was a change."""
    changed = False
    for cell in notebook.cells:
        folded = is_folded(cell)
        if folded == bool(cell.metadata.get("jupyter", {}).get("source_hidden")):
            continue
        changed = True
        if folded:
            cell.metadata.setdefault("jupyter", {})["source_hidden"] = True
        else:
            del cell.metadata["jupyter"]["source_hidden"]
    return changed


def say_what_is_folded(notebook) -> bool:
    """Have the book's fold say, and Colab show, what a folded cell does; tell whether that was a change."""
    changed = False
    for cell in notebook.cells:
        title = TITLE.match(cell.source) if cell.cell_type == "code" else None
        if title is None or "hide-input" not in cell.metadata.get("tags", []):
            continue
        wanted = {"code_prompt_hide": title[1], "code_prompt_show": title[1]}
        book = cell.metadata.setdefault("mystnb", {})
        if cell.metadata.get("cellView") == "form" and wanted.items() <= book.items():
            continue
        cell.metadata["cellView"] = "form"
        book.update(wanted)
        changed = True
    return changed


def install(notebook) -> bool:
    """Have the first code cell install the package from the one repository; tell whether that was a change."""
    repository = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    before, first.source = first.source, INSTALL.format(repository=repository)
    return before != first.source


MENDS = {
    clear: "it carries outputs or execution counts",
    fold: "JupyterLab does not fold what the book folds",
    say_what_is_folded: "a folded cell does not say in the book what its @title says",
    install: "the first code cell does not install from the repository of _config.yml",
}


def problems(notebook) -> list[str]:
    """What is wrong with a notebook beside its outputs, in words."""
    ids = [cell.get("id") for cell in notebook.cells]
    found = []
    if None in ids or len(set(ids)) < len(ids):
        found.append("a cell has no id, or two cells share one")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        found.append("the kernel is not python3")
    if not notebook.cells or not notebook.cells[0].source.startswith("# "):
        found.append("the first cell is not the title")
    told = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    found += [problem for text in told for problem in folds(text)]
    return found + open_code(notebook) + prompts(notebook)


def folds(text) -> list[str]:
    """What is wrong with the folds of a Markdown text.

    Markdown reads HTML up to the next blank line. So what follows a tag without one is passed on as it stands: a box or
    a formula is swallowed, without a warning.
    """
    lines, found, depth = FENCE.sub("code", text).splitlines(), [], 0
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        opens, closes = line.count("<details"), line.count("</details>")
        if (opens or closes) and following.strip():
            found.append(f"a blank line is missing after: {line[:60]}")
        depth += opens - closes
        if depth not in (0, 1):
            found.append(f"a fold too many begins or ends here: {line[:60]}")
            depth = 0
    return found + ["a fold (<details>) does not end where it begins"] * depth


def open_code(notebook) -> list[str]:
    """What is wrong with the code in sight, in a notebook that has promised to keep it short."""
    allowed = notebook.metadata.get("gan_tutorial", {}).get("open_lines")
    if allowed is None:
        return []
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    lines = [line for cell in code if not is_folded(cell) for line in cell.source.splitlines()]
    found = []
    if len(lines) > allowed:
        found.append(
            f"{len(lines)} lines of open code, {allowed} are allowed: fold what only draws"
        )
    found += [f"wider than {COLUMN}: {line.strip()[:40]}…" for line in lines if len(line) > COLUMN]
    found += [
        f"a folded cell begins with no '# @title …' that says what it does: {cell.id}"
        for cell in code[1:]
        if is_folded(cell) and not TITLE.match(cell.source)
    ]
    return found


def prompts(notebook) -> list[str]:
    """Prompts without a folded answer in the same section, in a notebook that has promised to have none."""
    if notebook.metadata.get("gan_tutorial", {}).get("open_lines") is None:
        return []
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found, waiting = [], None
    for line in [*text.splitlines(), "#"]:  # the end, too, ends a section
        is_prompt = PROMPT.match(line)
        if waiting and (is_prompt or line.startswith("#")):
            found.append(f"no <details><summary>Answer</summary> follows: {waiting[:60]}…")
        if is_prompt or line.startswith(("#", "<details><summary>Answer<")):
            waiting = line if is_prompt else None
    return found


def main() -> int:
    fix = "--fix" in sys.argv[1:]
    failed = False
    for path in sorted(BOOK.glob("*.md")):
        for problem in folds(path.read_text(encoding="utf-8")):
            print(f"{path.relative_to(BOOK.parent)}: {problem}")
            failed = True
    for path in sorted(BOOK.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        found = problems(notebook)
        mendable = [
            f"{words} (make fix mends it)" for mend, words in MENDS.items() if mend(notebook)
        ]
        if fix and mendable:
            nbformat.write(notebook, path)
        elif not fix:
            found += mendable
        for problem in found:
            print(f"{path.relative_to(BOOK.parent)}: {problem}")
        failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
