"""Write the README's table of chapters from `_toc.yml`, the pages' titles and what each notebook imports.

    python scripts/chapter_table.py [--check]

``--check`` changes nothing and fails when the table is out of date.
"""

import ast
import re
import sys
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parents[1]
START, END = "<!-- chapters:start -->", "<!-- chapters:end -->"


def contents():
    """The book's table of contents."""
    return yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))


def chapters(toc):
    """(caption, page) in reading order."""
    for part in toc["parts"]:
        for chapter in part["chapters"]:
            yield part["caption"], chapter["file"]


def source_of(page: str) -> Path:
    notebook = ROOT / "book" / f"{page}.ipynb"
    return notebook if notebook.is_file() else ROOT / "book" / f"{page}.md"


def imported(source: str) -> list[tuple[str, str]]:
    """(module, name) for everything that the source imports from the package, facade names by their home."""
    found = []
    for node in ast.walk(ast.parse(re.sub(r"^ *%.*$", "pass", source, flags=re.MULTILINE))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gan_tutorial":
            found += [(node.module, alias.name) for alias in node.names]
    return found


def homes() -> dict[str, str]:
    """The module of every name that the package offers at its front."""
    front = (ROOT / "gan_tutorial" / "__init__.py").read_text(encoding="utf-8")
    return {name: module.partition(".")[2] for module, name in imported(front)}


def title_and_modules(path: Path) -> tuple[str, list[str]]:
    if path.suffix == ".md":
        return re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)[1], []
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    home = homes()
    modules = {module.partition(".")[2] or home.get(name, name) for module, name in imported(code)}
    return cells[0].source.splitlines()[0].removeprefix("# "), sorted(modules)


def launch_links(page: str) -> str:
    url = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    name = url.removeprefix("https://github.com/")
    colab = f"https://colab.research.google.com/github/{name}/blob/main/book/{page}.ipynb"
    binder = f"https://mybinder.org/v2/gh/{name}/main?urlpath=lab/tree/book/{page}.ipynb"
    return f"[Colab]({colab}) · [Binder]({binder})"


def table() -> str:
    lines = ["| | Chapter | Modules | Launch |", "|---|---|---|---|"]
    last = None
    for caption, page in chapters(contents()):
        path = source_of(page)
        title, modules = title_and_modules(path)
        shown = ", ".join(
            f"[`{name}`](gan_tutorial/{name}{'.py' if (ROOT / 'gan_tutorial' / f'{name}.py').is_file() else ''})"
            for name in modules
        )
        launch = launch_links(page) if path.suffix == ".ipynb" else ""
        lines.append(
            f"| {caption if caption != last else ''} | [{title}](book/{path.name}) | {shown} | {launch} |"
        )
        last = caption
    return "\n".join(lines)


def main() -> int:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    head, rest = text.split(START)
    tail = rest.split(END)[1]
    renewed = f"{head}{START}\n\n{table()}\n\n{END}{tail}"
    if "--check" in sys.argv[1:]:
        if renewed != text:
            print("README.md: the table of chapters is out of date; run `make fix`")
        return int(renewed != text)
    readme.write_text(renewed, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
