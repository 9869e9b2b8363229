"""`python -m recordings WHAT`: makes the files of `gan_tutorial/recorded/`, each with where it comes from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gan_tutorial.recorded import FOLDER
from recordings import (
    ablation,
    cures,
    features,
    generators,
    judges,
    line,
    neighbours,
    portrait_measures,
    portraits,
    reader,
    robustness,
    rules,
    runs,
    scores,
    since,
)

SUMMARIES = {
    "run": "pictures, losses and held-out score of a trained run",
    "weights": "both networks of a trained run, as bytes",
    "generator": "a conditional run's generator, as a file that pages can run",
    "seeds": "held-out scores of runs that differ in their seed",
    "features": "accuracy of discriminators' first layers where labels are few",
    "judge": "a small network that reads a data set's labels, for the features it sees by",
    "reader": "a small network that reads digits and may say that there is none",
    "live-digits": "what the page that learns digits from nothing comes to, over five seeds",
    "ablation": "what each choice of `mnist-short` buys, over three seeds (a quarter of an hour)",
    "ablation-control": "the same for depth without batch norm (four minutes)",
    "scores": "the short recipes of digits by every measure, over three seeds (five minutes)",
    "rules": "the rules of DCGAN, each broken, over three seeds (half an hour)",
    "portraits": "small runs on the portraits over seeds, and a large one, by every measure",
    "robustness": "W1 over critic steps, learning rates and seeds (half an hour of one core)",
    "tuned": "W1 of objectives that all got the same search of rates (some minutes of one core)",
    "neighbours": "five families of models on eight bells, each at the best of the same rates",
    "cures": 'cures for mode collapse, for the chapter "Since 2014" (half an hour of one core)',
    "since": 'what the chapter "Since 2014" measures in the plane (ten minutes of one core)',
    "line": "the two runs that the training player shows by default",
}
OF_RUNS = ("run", "weights", "generator", "seeds", "features")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recordings",
        description="Make the recorded results that come with gan_tutorial.",
        epilog="example: python -m recordings run runs/mnist-long",
    )
    verbs = parser.add_subparsers(dest="what", required=True, metavar="|".join(SUMMARIES))
    for name, summary in SUMMARIES.items():
        verb = verbs.add_parser(name, help=summary, description=f"Record {summary}.")
        several = name in ("seeds", "features")
        if name in OF_RUNS:
            help = "what `python -m gan_tutorial train --out` wrote"
            verb.add_argument("runs", type=Path, nargs="+" if several else 1, help=help)
        if name in ("run", "seeds"):
            verb.add_argument("--samples", type=int, default=10_000, help="default 10000")
            verb.add_argument("--root", default="data", help="folder of downloaded data sets")
        if name == "run":
            verb.add_argument("--title", help="what tables call it; default: objective and steps")
        if name in ("run", "weights"):
            verb.add_argument("--name", help="of the record; default: the recipe's")
        if name == "features":
            verb.add_argument(
                "--each", type=int, nargs="+", default=[5, 10, 30], help="labels a class"
            )
            verb.add_argument("--draws", type=int, default=20, help="draws of the few; default 20")
        if name == "judge":
            verb.add_argument("--data", default="mnist-10k", help="data set; default mnist-10k")
            verb.add_argument("--root", default="data", help="folder of downloaded data sets")
            for option, value in (("width", 16), ("epochs", 15), ("seed", 0)):
                verb.add_argument(f"--{option}", type=int, default=value, help=f"default {value}")
        if name == "reader":
            verb.add_argument("--steps", type=int, default=3000, help="default 3000")
            verb.add_argument(
                "--lift", type=float, default=0.0, help="of the score of no digit; default 0"
            )
            verb.add_argument("--seed", type=int, default=0, help="default 0")
        if name == "live-digits":
            verb.add_argument("--steps", type=int, default=8000, help="default 8000")
            seeds = [1, 2, 3, 4, 5]
            verb.add_argument("--seeds", type=int, nargs="+", default=seeds, help="default 1 to 5")
        if name == "portraits":
            measured = portrait_measures
            verb.add_argument("--runs", type=Path, default=portraits.RUNS, help="where runs lie")
            verb.add_argument("--large", type=Path, default=measured.LARGE, help="the large run")
            seeds = list(portraits.SEEDS)
            verb.add_argument("--seeds", type=int, nargs="+", default=seeds, help="default 0 to 2")
            verb.add_argument(
                "--done",
                action="store_true",
                help="train nothing, and keep what is recorded of other runs",
            )
        folder = FOLDER / "weights" if name == "weights" else FOLDER
        verb.add_argument("--out", type=Path, default=folder, help="default: the package's records")
    return parser


def _made(options: argparse.Namespace) -> list[Path]:
    out = options.out
    match options.what:
        case "run":
            rest = {"title": options.title, "samples": options.samples, "root": options.root}
            return runs.record(options.runs[0], out, name=options.name, **rest)
        case "weights":
            return runs.weights(options.runs[0], out, options.name)
        case "generator":
            return generators.write(options.runs[0], out)
        case "seeds":
            return runs.seeds(options.runs, out, samples=options.samples, root=options.root)
        case "features":
            return features.record(options.runs, options.each, options.draws, out)
        case "judge":
            words = ("width", "epochs", "seed", "root")
            rest = {word: getattr(options, word) for word in words}
            return judges.record(options.data, out, **rest)
        case "reader":
            return reader.record(out, steps=options.steps, lift=options.lift, seed=options.seed)
        case "live-digits":
            from recordings import live_digits  # a browser, and the figures with ipywidgets

            return live_digits.record(out, steps=options.steps, seeds=tuple(options.seeds))
        case "ablation":
            return ablation.record(out)
        case "ablation-control":
            return ablation.record_control(out)
        case "scores":
            return scores.record(out)
        case "rules":
            return rules.record(out)
        case "portraits":
            rest = {"seeds": options.seeds, "done": options.done}
            return portrait_measures.record(out, options.runs, options.large, **rest)
        case "robustness":
            return robustness.record(out)
        case "tuned":
            return robustness.record_tuned(out)
        case "neighbours":
            return neighbours.record(out)
        case "cures":
            return cures.record(out)
        case "since":
            return since.record(out)
        case _:
            return line.record(out)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it is done, 1 after an error that is told in one line."""
    options = _parser().parse_args(arguments)
    try:
        for path in _made(options):
            print(f"{path} ({path.stat().st_size:,} bytes)")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
