"""python -m benchmarks [names] --seconds 20: measure, print, save, and renew the README's table."""

import argparse
from pathlib import Path

import torch

from benchmarks import harness, table

RESULTS = Path(__file__).parent / "results"


def main(arguments=None):
    """Run the named benchmarks (all, where none is named); see `--help`."""
    known = harness.discover()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="example: python -m benchmarks sweep training --seconds 60 --readme README.md",
    )
    parser.add_argument("names", nargs="*", help=f"of {', '.join(known)}; default: all")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each benchmark")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the JSON files")
    parser.add_argument("--readme", type=Path, help="file whose table is written anew")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(known):
        parser.error(f"no benchmark {sorted(unknown)}; choose of {', '.join(known)}")
    path = options.results / f"{harness.machine_kind(options.device)}.json"
    for name in options.names or known:
        result = harness.measure(name, known[name], options.seconds, options.device)
        harness.save({name: result}, path)
        print(table.of_results({name: result}), flush=True)
    if options.readme:
        table.renew(options.readme, options.results)


if __name__ == "__main__":
    main()
