"""The figures' JavaScript as modules: each parses, each import finds an export, and the linker joins them."""

import re
from pathlib import Path

import pytest
from conftest import ROOT, open_javascript
from py_mini_racer import JSParseException, MiniRacer

from gan_tutorial.figures import linker

FOLDER = ROOT / "gan_tutorial" / "figures"
CLASSIC = {"dom.js", "host.js", "modules.js"}  # run as they are
FILES = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")}
MODULES = sorted((FILES | {linker.COMPILED}) - CLASSIC)
DRAWING = {  # what of a figure is no mathematics
    "drawing", "view", "views", "controls", "diagram", "session", "address", "over_time", "words", "things",
}  # fmt: skip
PURE = [n for n in MODULES if n[:4] != "kit/" and Path(n).stem not in DRAWING]
every_module = pytest.mark.parametrize("name", MODULES)


@pytest.fixture(scope="module")
def engine():
    with MiniRacer() as context:
        yield context


def words(text: str) -> set[str]:
    """Every name in a JavaScript text, but for those in its comments."""
    return set(re.findall(r"[\w$]+", re.sub(r"/\*[\s\S]*?\*/|(?<!:)//.*", "", text)))


def code(name: str) -> str:
    """A module without its imports."""
    return linker.IMPORT.sub("", linker.read_script(name))


@every_module
def test_module_parses_once_it_is_wrapped(engine, name):
    engine.eval(f"(ganModules) => {{\n{linker.wrapped(name)}\n}}")


def test_what_does_not_parse_is_found(engine):
    with pytest.raises(JSParseException):
        engine.eval("(ganModules) => { const a = ; }")


@every_module
def test_each_import_finds_an_export_and_is_used(name):
    for source, names in linker.imports(name).items():
        assert source in MODULES
        assert set(names) <= set(linker.exports(source)), source
        assert set(names) <= words(code(name)), f"{source}: imported and not used"


@every_module
def test_each_export_is_used(name):
    taken = {"render"} if name.endswith("/drawing.js") else set()
    for other in MODULES:
        if "PLAYER" in linker.imports(other).get(name, []):
            taken.add("serve")  # a worker calls it
        taken |= set(linker.imports(other).get(name, []))
        named = rf'import\("[^"]*{Path(name).name}"\)\.(\w+)'  # as a type
        taken |= set(re.findall(named, linker.read_script(other)))
    beside = (ROOT / folder for folder in ("benchmarks", "recordings"))
    programs = (path for folder in beside for path in Path(folder).glob("*.py"))
    readers = [*Path(ROOT / "tests").glob("test_*.py"), *programs]
    texts = [
        path.read_text(encoding="utf-8") for path in readers if path.name != Path(__file__).name
    ]
    loose = set(linker.exports(name)) - taken
    assert {each for each in loose if not any(re.search(rf"\b{each}\b", t) for t in texts)} == set()


@pytest.mark.parametrize("name", [*PURE, *(name for name in MODULES if name[:4] == "kit/")])
def test_pure_modules_and_the_kit_have_types(name):
    assert linker.read_script(name).startswith("// @ts-check\n")


def test_pure_modules_need_neither_browser_nor_kit():
    assert len(PURE) > 20
    assert not [name for name in linker.closure(*PURE) if name.startswith("kit/")]
    with open_javascript(*PURE):
        pass


def linked(monkeypatch, sources: dict[str, str], *names: str):
    """The linked text of modules that are not files; their names must not have been used before."""
    real = linker.read_script
    monkeypatch.setattr(linker, "read_script", lambda name: sources.get(name) or real(name))
    return linker.with_globals(*names)


def test_modules_may_use_the_same_names_and_rename_what_they_take(engine, monkeypatch):
    sources = {
        "a/one.js": "const own = 1;\nexport const value = () => own;\n",
        "a/two.js": 'import { value as other } from "./one.js";\nconst own = 10;\n'
        "export function value() {\n  return own + other();\n}\n",
        "b/three.js": 'import {\n  value,\n} from "../a/two.js";\nexport const sum = value() + 100;\n',
    }
    engine.eval(linked(monkeypatch, sources, "b/three.js"))
    assert engine.eval("sum") == 111
    assert engine.eval("typeof value") == "undefined"


def test_a_module_runs_once_and_is_strict(engine, monkeypatch):
    sources = {
        "c/count.js": "globalThis.runs = (globalThis.runs ?? 0) + 1;\nexport const count = globalThis.runs;\n",
        "c/left.js": 'import { count } from "./count.js";\nexport const left = count;\n',
        "c/right.js": 'import { count } from "./count.js";\nexport const right = count;\n'
        "export function careless() {\n  undeclared = 1;\n}\n",
    }
    text = linked(monkeypatch, sources, "c/left.js", "c/right.js")
    assert engine.eval(f"{{ {text} }} [left, right, globalThis.runs].join()") == "1,1,1"
    with pytest.raises(Exception, match="undeclared is not defined"):
        engine.eval("careless()")


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ('import figure from "./x.js";\n', "import figure"),
        ('import * as kit from "./x.js";\n', r"import \* as kit"),
        ("export default { render };\n", "export default"),
        ("export { a, b };\n", "export { a, b }"),
        ("export let a = 1;\n", "export let"),
    ],
)
def test_what_the_linker_cannot_read_is_named(monkeypatch, source, complaint):
    name = f"d/{abs(hash(source))}.js"
    with pytest.raises(ValueError, match=complaint):
        linked(monkeypatch, {name: source}, name)


def test_modules_in_a_circle_are_named(monkeypatch):
    sources = {
        "e/a.js": 'import { b } from "./b.js";\nexport const a = b;\n',
        "e/b.js": 'import { a } from "./a.js";\nexport const b = a;\n',
    }
    with pytest.raises(ValueError, match=r"e/a\.js -> e/b\.js -> e/a\.js"):
        linked(monkeypatch, sources, "e/a.js")
