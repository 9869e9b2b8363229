"""What to install to try the package with other versions: `python scripts/bounds.py lowest` or `newest`.

Prints requirements for pip, one a line. What the package itself imports has the lowest version that
pyproject.toml allows, or none at all, so that pip takes the newest. What the tests need besides is
that of requirements.in.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
BOUNDS = ("lowest", "newest")
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9_.-]+) *(?P<pin>(?:>=|==)[0-9.a-z]+)?")


def parsed(requirement: str) -> tuple[str, str]:
    """("torch", ">=2.2.2"); the second is empty where no version is named."""
    match = REQUIREMENT.fullmatch(requirement.split(";")[0].strip())
    if match is None:
        raise ValueError(f"{requirement!r} is neither name, name>=version nor name==version")
    return match["name"], match["pin"] or ""


def declared() -> dict[str, str]:
    """What the package imports, and the lowest version of each, from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    found = {}
    for requirement in [*project["dependencies"], *(r for extra in extras for r in extra)]:
        if requirement.startswith(f"{project['name']}["):
            continue
        name, pin = parsed(requirement)
        if not pin.startswith(">="):
            raise ValueError(f"pyproject.toml: {requirement!r} must name its lowest version, >=")
        found[name] = pin.removeprefix(">=")
    return found


def requirements(bound: str) -> list[str]:
    """The lines for pip."""
    own = declared()
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    named = [parsed(line) for line in lines if line and not line.startswith("#")]
    besides = [name + pin for name, pin in named if name not in own]
    if bound == "newest":
        return [*own, *besides]
    return [*(f"{name}=={version}" for name, version in own.items()), *besides]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print them."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1 or given[0] not in BOUNDS:
        print(f"usage: python scripts/bounds.py {'|'.join(BOUNDS)}, got {given}", file=sys.stderr)
        return 2
    print("\n".join(requirements(given[0])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
