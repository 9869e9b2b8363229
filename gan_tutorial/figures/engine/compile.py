"""Compiles the engine's kernels (kernels.simd) to WebAssembly and, for where that has no SIMD, to JavaScript.

The source is a list of functions in Python's grammar, of four types: ``int`` (32 bits: counts and addresses in
bytes), ``f32``, ``vec`` (four f32, the lanes of one SIMD register) and ``ivec`` (four 32-bit integers). A variable has
the type of its first value; a number beside a ``vec`` fills four lanes; ``>>`` shifts zeros in; what ``sum4`` gives
goes into none of the variables that it takes. A function of ints and f32 is exported, one of vecs is written out where
it is called. Both targets round every operation to float32 and take it in the order in which it is written, so that
they give the same bits.

The package's build (setup.py) writes ``compiled.js``; where it is missing, or of another source, ``script`` makes it
when it is asked for.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import itertools
import struct
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SOURCE = HERE / "kernels.simd"
COMPILED = HERE / "compiled.js"

Typed = tuple[str, Any]  # a type and a backend's value of it
OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.BitXor: "^", ast.BitAnd: "&", ast.BitOr: "|",
    ast.LShift: "<<", ast.RShift: ">>", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==",
}  # fmt: skip
# What each built-in function gives, and what it needs where that is no vec; an ADDRESSED one begins with an address.
BUILTINS = {
    "load": "vec", "spread": "vec", "iload": "ivec", "get": "f32", "store": "", "istore": "", "put": "",
    "splat": "vec", "minimum": "vec", "maximum": "vec", "sqrt": "vec", "absolute": "vec", "where": "vec",
    "number": "vec", "truncated": "ivec", "bits": "ivec", "float_of_bits": "vec", "sum4": "vec", "total": "f32",
}  # fmt: skip
ADDRESSED = {"load", "spread", "iload", "get", "store", "istore", "put"}
NEEDS = {
    "store": "vec", "istore": "ivec", "put": "f32", "splat": "f32", "number": "ivec", "float_of_bits": "ivec",
}  # fmt: skip

# WebAssembly's words.
TYPES = {"int": "i32", "f32": "f32", "vec": "v128", "ivec": "v128"}
SHAPES = {"int": "i32", "f32": "f32", "vec": "f32x4", "ivec": "i32x4"}
WORDS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "^": "xor", "&": "and", "|": "or", "<<": "shl", ">>": "shr_u",
    "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq",
}  # fmt: skip
PLAIN = {
    "load": "v128.load", "spread": "v128.load32_splat", "iload": "v128.load", "get": "f32.load",
    "store": "v128.store", "istore": "v128.store", "put": "f32.store", "minimum": "f32x4.pmin",
    "maximum": "f32x4.pmax", "sqrt": "f32x4.sqrt", "absolute": "f32x4.abs", "number": "f32x4.convert_i32x4_s",
    "truncated": "i32x4.trunc_sat_f32x4_s",
}  # fmt: skip
SUMS = """
(func $folded (param $a v128) (param $b v128) (result v128) (f32x4.add
(i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
(i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
(func $sum4 (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result v128)
(local.set $a (call $folded (local.get $a) (local.get $b)))
(local.set $c (call $folded (local.get $c) (local.get $d)))
(f32x4.add (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $c))
(i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $c))))
(func $total (param $a v128) (result f32) (f32x4.extract_lane 0
(call $sum4 (local.get $a) (local.get $a) (local.get $a) (local.get $a))))"""


def float32(value: float) -> float:
    """The value as float32 holds it."""
    return struct.unpack("f", struct.pack("f", value))[0]


class Wat:
    """Writes WebAssembly text; a value is a folded expression."""

    def constant(self, kind: str, value: float) -> str:
        """A number of a type, in each lane of it."""
        if kind == "int":
            return f"(i32.const {value})"
        if kind == "f32":
            return f"(f32.const {float32(value).hex()})"
        if kind == "ivec":
            return f"(v128.const i32x4{f' {value}' * 4})"
        return f"(v128.const f32x4{f' {float32(value).hex()}' * 4})"

    def variable(self, kind: str, name: str) -> str:
        return f"(local.get ${name})"

    def assign(self, kind: str, name: str, value: str) -> str:
        return f"(local.set ${name} {value})"

    def operate(self, operator: str, kind: str, a: str, b: str) -> str:
        word = WORDS[operator]
        if kind in ("vec", "ivec") and operator in "^&|":
            return f"(v128.{word} {a} {b})"
        if kind == "int" and operator in ("<", "<=", ">", ">="):
            word += "_s"
        return f"({SHAPES[kind]}.{word} {a} {b})"

    def shift(self, operator: str, kind: str, a: str, many: str) -> str:
        return f"({SHAPES[kind]}.{WORDS[operator]} {a} {many})"

    def negate(self, kind: str, a: str) -> str:
        return f"({SHAPES[kind]}.neg {a})"

    def builtin(self, name: str, values: list[Any], offset: int) -> str:
        if name in ("bits", "float_of_bits"):
            return values[0]
        if name == "where":
            return f"(v128.bitselect {values[1]} {values[2]} {values[0]})"
        if name == "splat":
            return f"(f32x4.splat {values[0]})"
        if name in ("sum4", "total"):
            return f"(call ${name} {' '.join(values)})"
        place = f" offset={offset}" if offset else ""
        return f"({PLAIN[name]}{place} {' '.join(values)})"

    def loop(self, condition: str, body: list[str]) -> list[str]:
        return [f"(block (br_if 0 (i32.eqz {condition})) (loop", *body, f"(br_if 0 {condition})))"]

    def branch(self, condition: str, body: list[str], other: list[str]) -> list[str]:
        return [f"(if {condition} (then", *body, ") (else", *other, "))"]

    def give(self, value: str) -> str:
        return f"(return {value})"

    def function(
        self, name: str, given: dict[str, str], result: str, used: dict[str, str], body: list[str]
    ) -> str:
        head = "".join(f" (param ${n} {TYPES[kind]})" for n, kind in given.items())
        head += f" (result {TYPES[result]})" if result else ""
        own = " ".join(f"(local ${n} {TYPES[kind]})" for n, kind in used.items())
        last = ["(unreachable)"] if result else []
        return "\n".join([f'(func (export "{name}"){head}', own, *body, *last, ")"])

    def module(self, functions: list[str]) -> str:
        body = "\n".join(functions)
        return f'(module (import "engine" "memory" (memory 1)){SUMS}\n{body})\n'


class JavaScript:
    """Writes JavaScript; a value is an expression, a vec or ivec a list of four."""

    def constant(self, kind: str, value: float) -> Any:
        text = repr(float32(value)) if kind in ("f32", "vec") else str(value)
        return [text] * 4 if kind in ("vec", "ivec") else text

    def variable(self, kind: str, name: str) -> Any:
        return [f"{name}_{lane}" for lane in range(4)] if kind in ("vec", "ivec") else name

    def assign(self, kind: str, name: str, value: Any) -> str:
        if kind in ("vec", "ivec"):
            return " ".join(f"{name}_{lane} = {value[lane]};" for lane in range(4))
        return f"{name} = {value};"

    def operate(self, operator: str, kind: str, a: Any, b: Any) -> Any:
        if kind in ("vec", "ivec"):
            own = {"vec": "f32", "ivec": "int"}[kind]
            lanes = [self.operate(operator, own, *pair) for pair in zip(a, b, strict=True)]
            return [f"({v} ? -1 : 0)" for v in lanes] if operator in "<=>=" else lanes
        if operator in ("<", "<=", ">", ">=", "=="):
            return f"({a} {operator} {b})"
        if kind == "f32":
            return f"f({a} {operator} {b})"
        if operator == "*":
            return f"Math.imul({a}, {b})"
        return f"({a} {operator} {b} | 0)"

    def shift(self, operator: str, kind: str, a: Any, many: str) -> Any:
        if kind == "ivec":
            return [self.shift(operator, "int", lane, many) for lane in a]
        return f"({a} {operator.replace('>>', '>>>')} {many} | 0)"

    def negate(self, kind: str, a: Any) -> Any:
        return [f"(-{v})" for v in a] if kind == "vec" else f"(-{a})"

    def builtin(self, name: str, values: list[Any], offset: int) -> Any:
        if name in ADDRESSED:
            return self.memory(name, values, offset)
        if name == "splat":
            return [values[0]] * 4
        if name == "sum4":
            return [self.total(v) for v in values]
        if name == "total":
            return self.total(values[0])
        form = {
            "minimum": "({1} < {0} ? {1} : {0})", "maximum": "({0} < {1} ? {1} : {0})", "sqrt": "f(Math.sqrt({}))",
            "absolute": "Math.abs({})", "where": "({} ? {} : {})", "number": "f({})", "truncated": "({} | 0)",
            "bits": "(one[0] = {}, same[0])", "float_of_bits": "(same[0] = {}, one[0])",
        }[name]  # fmt: skip
        return [form.format(*lanes) for lanes in zip(*values, strict=True)]

    def total(self, v: list[str]) -> str:
        return f"f(f({v[0]} + {v[2]}) + f({v[1]} + {v[3]}))"

    def memory(self, name: str, values: list[Any], offset: int) -> Any:
        array = "I" if name[0] == "i" else "F"
        shared = name in ("get", "spread", "put")
        at = [
            f"{array}[({values[0]} >> 2) + {offset // 4 + (0 if shared else lane)}]"
            for lane in range(4)
        ]
        if name in ("store", "istore"):
            return " ".join(f"{to} = {v};" for to, v in zip(at, values[1], strict=True))
        if name == "put":
            return f"{at[0]} = {values[1]};"
        return at[0] if name == "get" else at

    def loop(self, condition: str, body: list[str]) -> list[str]:
        return [f"while ({condition}) {{", *body, "}"]

    def branch(self, condition: str, body: list[str], other: list[str]) -> list[str]:
        return [f"if ({condition}) {{", *body, "} else {", *other, "}"]

    def give(self, value: str) -> str:
        return f"return {value};"

    def function(
        self, name: str, given: dict[str, str], result: str, used: dict[str, str], body: list[str]
    ) -> str:
        own = [n for name, kind in used.items() for n in self.lanes(kind, name)]
        start = [f"{n} = f({n});" for n, kind in given.items() if kind == "f32"]
        start += [f"let {', '.join(f'{n} = 0' for n in own)};"] if own else []
        return "\n".join([f"{name}({', '.join(given)}) {{", *start, *body, "},"])

    def lanes(self, kind: str, name: str) -> list[str]:
        value = self.variable(kind, name)
        return value if isinstance(value, list) else [value]

    def module(self, functions: list[str]) -> str:
        body = "\n".join(functions)
        return f"""/**
 * The same kernels on an ArrayBuffer.
 * @param {{ArrayBuffer}} memory @returns {{Record<string, (...numbers: number[]) => number | void>}}
 */
export function makeKernels(memory) {{
const F = new Float32Array(memory), I = new Int32Array(memory), f = Math.fround;
const one = new Float32Array(1), same = new Int32Array(one.buffer);
return {{
{body}
}};
}}
"""


class Writer:
    """Reads one exported function and has a backend write it."""

    def __init__(
        self, backend: Any, inner: dict[str, ast.FunctionDef], constants: dict[str, float]
    ):
        self.backend, self.inner, self.constants = backend, inner, constants
        self.types: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.lines: list[str] = []
        self.fresh = itertools.count()

    def write(self, node: ast.FunctionDef) -> str:
        """The whole function in the backend's language."""
        given = {a.arg: kind_of(a.annotation) for a in node.args.args}
        self.types = dict(given)
        self.names = {name: name for name in given}
        body = self.block(node.body)
        used = {name: kind for name, kind in self.types.items() if name not in given}
        result = kind_of(node.returns) if node.returns else ""
        return self.backend.function(node.name, given, result, used, body)

    def block(self, nodes: list[ast.stmt]) -> list[str]:
        outer, self.lines = self.lines, []
        for node in nodes:
            self.statement(node)
        lines, self.lines = self.lines, outer
        return lines

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.assign(name, self.expression(value))
            case ast.AugAssign(target=ast.Name(id=name) as target, op=operator, value=value):
                both = ast.BinOp(ast.Name(target.id), operator, value)
                self.assign(name, self.expression(both))
            case ast.For(
                target=ast.Name(id=name), iter=ast.Call(args=[start, end, step]), body=body
            ):
                self.assign(name, self.expression(start))
                limit = self.assign(f"end{next(self.fresh)}", self.expression(end))
                onward = ast.AugAssign(ast.Name(name), ast.Add(), step)
                test = self.backend.operate("<", "int", self.read(name)[1], self.read(limit)[1])
                self.lines += self.backend.loop(test, self.block([*body, onward]))
            case ast.While(test=test, body=body):
                self.lines += self.backend.loop(self.expression(test)[1], self.block(body))
            case ast.If(test=test, body=body, orelse=other):
                condition = self.expression(test)[1]
                self.lines += self.backend.branch(condition, self.block(body), self.block(other))
            case ast.Return(value=ast.expr() as value):
                self.lines.append(self.backend.give(self.expression(value)[1]))
            case ast.Expr(value=ast.Call() as call):
                self.lines.append(self.expression(call)[1])
            case ast.Expr(value=ast.Constant()):
                pass  # a docstring
            case _:
                raise SyntaxError(f"line {node.lineno}: {ast.unparse(node)}")

    def assign(self, name: str, value: Typed) -> str:
        own = self.names.setdefault(name, name)
        kind = self.types.setdefault(own, value[0])
        self.lines.append(self.backend.assign(kind, own, self.fit(kind, value)))
        return name

    def read(self, name: str) -> Typed:
        own = self.names[name]
        return self.types[own], self.backend.variable(self.types[own], own)

    def fit(self, kind: str, value: Typed) -> Any:
        """A value as the type asked for: only a constant has more than one."""
        if value[0] == "constant":
            return self.backend.constant(kind, value[1])
        if value[0] != kind:
            raise TypeError(f"a {value[0]} where a {kind} is needed")
        return value[1]

    def expression(self, node: ast.expr) -> Typed:
        match node:
            case ast.Constant(value=int() as number):
                return "int", self.backend.constant("int", number)
            case ast.Constant(value=float() as number):
                return "constant", number
            case ast.Name(id=name) if name in self.names:
                return self.read(name)
            case ast.Name(id=name):
                return "constant", self.constants[name]
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=float() as number)):
                return "constant", -number
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                kind, value = self.expression(operand)
                return kind, self.backend.negate(kind, value)
            case ast.BinOp(left=left, op=operator, right=right):
                return self.operation(OPERATORS[type(operator)], left, right)
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                kind, value = self.operation(OPERATORS[type(operator)], left, right)
                return ("ivec" if kind == "vec" else kind), value
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self.call(name, arguments)
        raise SyntaxError(f"line {node.lineno}: {ast.unparse(node)}")

    def operation(self, operator: str, left: ast.expr, right: ast.expr) -> Typed:
        if operator in ("<<", ">>"):
            kind, value = self.expression(left)
            return kind, self.backend.shift(operator, kind, value, self.expression(right)[1])
        a, b = self.expression(left), self.expression(right)
        if a[0] == "ivec" and isinstance(right, ast.Constant):  # a whole number beside four
            b = "constant", right.value
        kind = a[0] if a[0] != "constant" else b[0]
        return kind, self.backend.operate(operator, kind, self.fit(kind, a), self.fit(kind, b))

    def call(self, name: str, arguments: list[ast.expr]) -> Typed:
        if name in self.inner:
            return self.written_out(self.inner[name], arguments)
        if name not in BUILTINS:
            raise NameError(f"no function {name!r}")
        offset = 0
        if name in ADDRESSED:
            match arguments[0]:  # an address and a constant: the constant goes into the instruction
                case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=int() as more)):
                    arguments, offset = [left, *arguments[1:]], more
        kinds = [NEEDS.get(name, "vec")] * len(arguments)
        if name in ADDRESSED or name == "where":
            kinds[0] = "ivec" if name == "where" else "int"
        values = [
            self.fit(kind, self.expression(argument))
            for kind, argument in zip(kinds, arguments, strict=True)
        ]
        return BUILTINS[name], self.backend.builtin(name, values, offset)

    def written_out(self, function: ast.FunctionDef, arguments: list[ast.expr]) -> Typed:
        """The body of an inner function with names of its own, in the place of its call."""
        values = [self.expression(argument) for argument in arguments]
        outer, mark = self.names, next(self.fresh)
        names = {
            node.id: f"{node.id}_{mark}_"
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        given = {a.arg: kind_of(a.annotation) for a in function.args.args}
        names |= {name: f"{name}_{mark}_" for name in given}
        for (name, kind), value in zip(given.items(), values, strict=True):
            self.types[names[name]] = kind
            self.lines.append(self.backend.assign(kind, names[name], self.fit(kind, value)))
        self.names = names
        *body, last = function.body
        for node in body:
            self.statement(node)
        assert isinstance(last, ast.Return)
        assert last.value is not None
        result = self.expression(last.value)
        self.names = outer
        return result


def kind_of(annotation: ast.expr | None) -> str:
    """The type that an annotation names."""
    assert isinstance(annotation, ast.Name)
    return annotation.id


def translated(source: str, backend: Any) -> str:
    """All exported functions of the source, as a module in the backend's language."""
    tree = ast.parse(source)
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    inner = {
        node.name: node
        for node in functions
        if any(kind_of(a.annotation) in ("vec", "ivec") for a in node.args.args)
    }
    outer = [node for node in functions if node.name not in inner]
    return backend.module([Writer(backend, inner, constants).write(node) for node in outer])


def webassembly(source: str) -> bytes:
    """The kernels as a WebAssembly module."""
    try:
        from wasmtime import wat2wasm
    except ImportError as error:
        raise ImportError(
            "the training engine of the figures is not compiled yet, and compiling it needs `pip install wasmtime`"
        ) from error
    return bytes(wat2wasm(translated(source, Wat())))


def head_of(source: str) -> str:
    """The first lines of the compiled module, which name the source and this compiler."""
    both = source + Path(__file__).read_text(encoding="utf-8")
    mark = hashlib.sha256(both.encode()).hexdigest()
    return f"// @ts-check\n// compiled.js: kernels.simd, compiled by compile.py: {mark}\n\n"


@cache
def script() -> str:
    """The text of ``compiled.js``: as the build left it if it is of this very source, else compiled now."""
    source = SOURCE.read_text(encoding="utf-8")
    head = head_of(source)
    if COMPILED.is_file() and (text := COMPILED.read_text(encoding="utf-8")).startswith(head):
        return text
    code = base64.b64encode(webassembly(source)).decode()
    return f'{head}export const WASM = "{code}";\n\n{translated(source, JavaScript())}'
