"""What holds every notebook of the book before it is built: form, first cell, exercises."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from check_notebooks import COLUMN, INSTALL, folds, open_code, prompts, say_what_is_folded

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "book").glob("*.ipynb"))
REPOSITORY = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
BOOTSTRAP = INSTALL.format(repository=REPOSITORY)
SOLUTION = "solution"

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(path):
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def prose(path) -> str:
    return "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")


@every_notebook
def test_notebook_is_valid_and_carries_no_output(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in code_cells(path):
        assert cell.outputs == []
        assert cell.execution_count is None


@every_notebook
def test_first_code_cell_installs_the_package_from_the_one_repository(path):
    assert code_cells(path)[0].source.strip() == BOOTSTRAP


@every_notebook
def test_markdown_is_what_both_the_book_and_colab_render(path):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", prose(path), flags=re.DOTALL)
    assert not re.findall(r"\{[a-z-]+\}`|^:::+|^\([a-z-]+\)=$", prose(path), re.MULTILINE), (
        "MyST roles or directives"
    )
    assert not re.findall(r"\\begin\{align\*?\}", text), "use aligned inside $$ … $$"


@every_notebook
def test_notebook_says_what_it_takes(path):
    assert 0 < read(path).metadata["gan_tutorial"]["budget_seconds"] <= 120


@every_notebook
def test_exercises_have_solutions_that_run(path):
    solutions = [cell for cell in code_cells(path) if SOLUTION in cell.metadata.get("tags", [])]
    assert len(solutions) >= 4
    for cell in solutions:
        assert "hide-cell" in cell.metadata.tags
        assert re.match("# ?@title Solution", cell.source)
        assert "assert" in cell.source


@every_notebook
def test_claims_end_in_assertions(path):
    told = [cell for cell in code_cells(path) if SOLUTION not in cell.metadata.get("tags", [])]
    assert any("assert " in cell.source for cell in told)


@every_notebook
def test_what_the_book_folds_jupyterlab_folds_too(path):
    for cell in code_cells(path):
        folded = {"hide-cell", "hide-input"} & set(cell.metadata.get("tags", []))
        assert bool(folded) == cell.metadata.get("jupyter", {}).get("source_hidden", False), cell.id


@every_notebook
def test_a_heat_map_says_what_its_shades_mean(path):
    for cell in code_cells(path):
        if re.search(r"\b(imshow|pcolormesh|contourf)\(", cell.source):
            assert "colorbar(" in cell.source, cell.id


@every_notebook
def test_source_is_shown_as_code_with_its_indentation(path):
    for cell in code_cells(path):
        assert not re.search(r"print\(.*getsource|cleandoc", cell.source), cell.id


def notebook_of(*cells, **metadata):
    """A notebook whose code cells are given as (source, tags), after the one that installs."""
    made = [
        nbformat.v4.new_code_cell(source, metadata={"tags": tags})
        for source, tags in [(BOOTSTRAP, ["hide-input"]), *cells]
    ]
    return nbformat.v4.new_notebook(cells=made, metadata={"gan_tutorial": metadata})


def test_open_code_is_held_to_what_a_notebook_promises():
    short, wide = ("a = 1\nb = 2", []), ("x = 1" + "0" * COLUMN, [])
    named, nameless = ("# @title Draw\na = 1", ["hide-input"]), ("a = 1", ["hide-input"])
    assert open_code(notebook_of(short, named, open_lines=2)) == []
    assert open_code(notebook_of(short, wide, nameless)) == []  # no promise
    assert "2 lines of open code" in open_code(notebook_of(short, open_lines=1))[0]
    assert "wider than" in open_code(notebook_of(wide, open_lines=9))[0]
    assert "@title" in open_code(notebook_of(nameless, open_lines=9))[0]


def test_every_prompt_of_a_notebook_that_promises_it_has_an_answer():
    prompt, answer = "**Predict.** Which?", "<details><summary>Answer</summary>"

    def problems(*lines, **promise):
        notebook = notebook_of(**promise)
        notebook.cells.append(nbformat.v4.new_markdown_cell("\n\n".join(lines)))
        return prompts(notebook)

    assert problems(prompt, answer, prompt, answer, open_lines=60) == []
    assert problems(prompt) == []  # no promise
    assert len(problems(prompt, prompt, answer, open_lines=60)) == 1
    assert len(problems(prompt, "## Elsewhere", answer, open_lines=60)) == 1


def test_a_fold_ends_where_it_seems_to():
    fold, box = (
        "<details><summary>Hint</summary>\n\nTry 0.\n\n</details>\n",
        "> **Theorem 1.** So it is.",
    )
    assert folds(f"{fold}\n{box}\n\n{fold}") == []
    assert folds(f"````\n```\n</details>\nno fold\n```\n````\n\n{fold}") == []
    assert "blank line is missing after: </details>" in folds(fold + box)[0]
    assert "blank line" in folds(fold.replace("\n\nTry", "\nTry"))[0]
    assert "does not end" in folds(fold.replace("</details>", ""))[0]
    assert "too many" in folds(f"{fold}\n{fold}\n</details>")[0]
    assert "too many" in folds(f"{fold[:33]}\n\n{fold}")[0]  # one within another


def test_a_folded_cell_says_the_same_in_the_book_and_in_colab():
    notebook = notebook_of(("# @title Draw the curve\na = 1", ["hide-input"]))
    assert say_what_is_folded(notebook)
    cell = notebook.cells[1]
    assert cell.metadata["mystnb"]["code_prompt_show"] == "Draw the curve"
    assert cell.metadata["cellView"] == "form"
    assert not say_what_is_folded(notebook)  # once is enough


SHADES = r"\b(?:black|white|dark|bright|light)(?:er|est)?"
MARKS = r"(?:curves?|lines?|dots?|points?|arrows?|bars?|cells?|runs?|circles?|crosses)\b"


@every_notebook
def test_prose_names_no_shade_that_a_theme_turns_over(path):
    assert re.findall(f"{SHADES} (?:\\w+ )?{MARKS}", prose(path), re.IGNORECASE) == []


def test_a_fork_renews_everything_with_one_command(tmp_path):
    """What `make fix` runs, in a copy whose `_config.yml` names another repository."""
    for part in ("README.md", "_config.yml", "_toc.yml"):
        shutil.copy2(ROOT / part, tmp_path)
    for part in ("book", "scripts", "gan_tutorial"):
        shutil.copytree(
            ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("*.npz", "*.bin")
        )
    config = tmp_path / "_config.yml"
    other = "https://github.com/somebody/else"
    config.write_text(config.read_text().replace(REPOSITORY, other))
    recipe = (ROOT / "Makefile").read_text().split("fix: ")[1].split("\n\n")[0]
    commands = re.findall(r"python (scripts/\S+(?: --fix)?)$", recipe, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        subprocess.run([sys.executable, *command.split()], cwd=tmp_path, check=True)
    for path in [tmp_path / "README.md", *(tmp_path / "book").glob("*.ipynb")]:
        text = path.read_text(encoding="utf-8")
        assert REPOSITORY.removeprefix("https://github.com/") not in text, path.name
        assert other.removeprefix("https://github.com/") in text, path.name
    for command in ("scripts/check_notebooks.py", "scripts/chapter_table.py --check"):
        subprocess.run([sys.executable, *command.split()], cwd=tmp_path, check=True)


def test_only_one_file_names_the_repository():
    name = REPOSITORY.removeprefix("https://")
    allowed = {"_config.yml", "README.md"}
    naming = {
        str(path.relative_to(ROOT))
        for pattern in (
            "*.toml",
            "*.yml",
            "*.cff",
            "*.md",
            "gan_tutorial/**/*.py",
            "book/**/*.md",
            "book/**/*.py",
            "scripts/*",
        )
        for path in ROOT.glob(pattern)
        if path.is_file() and name in path.read_text(encoding="utf-8")
    }
    assert naming <= allowed
