"""The table of the project's README, written from the recorded results and from nothing else.

python -m benchmarks.table README.md
"""

import argparse
import json
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
START, END = "<!-- bench:start -->", "<!-- bench:end -->"
HEAD = "| | ours | the usual way | ratio |\n|---|--:|--:|--:|"


def of_results(results):
    """A Markdown table with a row for each case."""
    lines = [HEAD]
    for result in results.values():
        for row in result["rows"]:
            usual = f"{_number(row['usual'])} ({row['usual_way']})"
            ours = f"{_number(row['ours'])} {row['unit']}"
            if "roofline_share" in row:
                ours += f" ({row['roofline_share']:.0%} of the matmul rate)"
            if "convolution_share" in row:
                ours += f" ({row['convolution_share']:.0%} of the time in convolutions)"
            lines.append(f"| {row['case']} | {ours} | {usual} | {row['ratio']:.1f}× |")
    return "\n".join(lines)


def of_machine(results):
    """The table with a line that says where, when and with what."""
    last = max(results.values(), key=lambda result: result["date"])
    machine, versions = last["machine"], last["versions"]
    dates = [result["date"][:10] for result in results.values()]
    days = sorted({min(dates), max(dates)})
    where = machine.get("gpu", f"{machine['processor']}, {machine['threads']} threads")
    note = f"{where}; torch {versions['torch']}; {' to '.join(days)}."
    return f"{of_results(results)}\n\n{note}"


def renew(readme, folder=RESULTS):
    """Replace what stands between the markers of `readme`."""
    text = readme.read_text()
    if text.count(START) != 1 or text.count(END) != 1:
        raise ValueError(f"{readme} must hold the markers {START} and {END} once each")
    files = sorted(folder.glob("*.json"))
    tables = [of_machine(json.loads(path.read_text())) for path in files]
    head, _, rest = text.partition(START)
    tail = rest.partition(END)[2]
    readme.write_text(head + START + "\n\n" + "\n\n".join(tables) + "\n\n" + END + tail)


def _number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readme", type=Path)
    renew(parser.parse_args().readme)
