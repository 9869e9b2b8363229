"""Fail unless every notebook in book/ is committed the way CONTRIBUTING.md asks: no outputs, no counts, stable ids.

    python scripts/check_notebooks.py [--fix]

``--fix`` clears outputs and execution counts in place; everything else is for the author to mend.
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
        if clear(notebook):
            if fix:
                nbformat.write(notebook, path)
            else:
                found.append("it carries outputs or execution counts (make fix clears them)")
        for problem in found:
            print(f"{path.relative_to(BOOK.parent)}: {problem}")
        failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
