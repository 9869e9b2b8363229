"""Fail unless every notebook in book/ is committed the way CONTRIBUTING.md asks: no outputs, no counts, stable ids.

    python scripts/check_notebooks.py [--fix]

``--fix`` clears outputs and execution counts in place, and folds for JupyterLab (`jupyter.source_hidden`) what tags
fold in the book; everything else is for the author to mend.
"""

import sys
from pathlib import Path

import nbformat

BOOK = Path(__file__).parents[1] / "book"


def clear(notebook) -> bool:
    """Drop outputs and counts; tell whether there were any."""
    found = False
    for cell in notebook.cells:
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None):
            cell.outputs, cell.execution_count, found = [], None, True
    return found


def fold(notebook) -> bool:
    """Have JupyterLab fold the cells that the book folds, and no others; tell whether that was a change."""
    changed = False
    for cell in notebook.cells:
        folded = bool({"hide-cell", "hide-input"} & set(cell.metadata.get("tags", [])))
        if folded == bool(cell.metadata.get("jupyter", {}).get("source_hidden")):
            continue
        changed = True
        if folded:
            cell.metadata.setdefault("jupyter", {})["source_hidden"] = True
        else:
            del cell.metadata["jupyter"]["source_hidden"]
    return changed


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
    return found


def main() -> int:
    fix = "--fix" in sys.argv[1:]
    failed = False
    for path in sorted(BOOK.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        found = problems(notebook)
        mendable = []
        if clear(notebook):
            mendable.append("it carries outputs or execution counts (make fix clears them)")
        if fold(notebook):
            mendable.append("JupyterLab does not fold what the book folds (make fix does)")
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
