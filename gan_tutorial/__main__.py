"""The command line: `python -m gan_tutorial train|sample|evaluate`, each with --help and an
example.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gan_tutorial._engine import checkpoints, cli
from gan_tutorial.objectives import OBJECTIVES
from gan_tutorial.recipes import RECIPES
from gan_tutorial.training import DivergenceError

EXAMPLES = {
    "train": "python -m gan_tutorial train --recipe mnist-short --out runs/digits\n"
    "  torchrun --nproc-per-node=2 -m gan_tutorial train --recipe mnist-short --out runs/digits",
    "sample": "python -m gan_tutorial sample runs/digits --count 100 --out digits.png",
    "evaluate": "python -m gan_tutorial evaluate runs/digits --split test",
}
CHANGES = (
    "objective",
    "steps",
    "batch_size",
    "every",
    "lr_d",
    "lr_g",
)  # options that go over the recipe's
PICTURES = ("size", "channels", "pad", "background", "classes", "strict")  # of a folder
SUMMARIES = {
    "train": "Train by a recipe into a folder: checkpoint, losses, sample grids.",
    "sample": "Draw a grid of samples from a trained run, as a PNG.",
    "evaluate": "Judge a trained run by every measure, beside real rows and hopeless samples.",
}


def _train_options(train: argparse.ArgumentParser) -> None:
    notes = "\n".join(f"  {name:18}{recipe.note}" for name, recipe in RECIPES.items())
    train.epilog = f"{train.epilog}\n\nrecipes:\n{notes}"
    train.add_argument(
        "--recipe", default="mnist-short", help="one of those below; default mnist-short"
    )
    train.add_argument("--objective", choices=OBJECTIVES, help="if not the recipe's")
    data = "a data set by name, if not the recipe's (mnist, tfd, ...), or a folder of pictures"
    train.add_argument("--data", help=data)
    train.add_argument("--out", type=Path, required=True, help="the run's folder")
    train.add_argument("--resume", action="store_true", help="go on from the folder's checkpoint")
    train.add_argument("--steps", type=int, help="generator steps, if not the recipe's")
    train.add_argument("--batch-size", type=int, help="if not the recipe's")
    train.add_argument("--lr-d", type=float, help="the discriminator's rate, if not the recipe's")
    train.add_argument("--lr-g", type=float, help="the generator's rate, if not the recipe's")
    train.add_argument("--every", type=int, help="steps between snapshots, if not the recipe's")


def _run_options(verb: argparse.ArgumentParser, count: int) -> None:
    verb.add_argument("run", type=Path, help="the folder that train wrote")
    verb.add_argument("--count", type=int, default=count, help=f"samples; default {count}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gan_tutorial",
        description="Train, sample and evaluate the GANs of the book.",
        epilog="examples:\n  " + "\n  ".join(EXAMPLES.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="train|sample|evaluate")
    train, sample, evaluate = (
        verbs.add_parser(
            verb,
            help=summary,
            description=summary,
            epilog=f"example:\n  {EXAMPLES[verb]}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for verb, summary in SUMMARIES.items()
    )
    _train_options(train)
    _run_options(sample, 100)
    sample.add_argument("--out", type=Path, default=Path("samples.png"), help="default samples.png")
    of = "of several attributes one value each, as in woman,astronaut,dark"
    sample.add_argument("--label", help=f"the class to draw, for a conditional run; {of}")
    _run_options(evaluate, 10_000)
    evaluate.add_argument("--split", default="test", choices=["validation", "test"])
    weights = "see by Inception-v3, whose weights are in this file (torch-fidelity's)"
    evaluate.add_argument("--inception", type=Path, metavar="WEIGHTS", help=weights)
    evaluate.add_argument("--json", action="store_true", help="numbers for machines, in one line")
    for verb in (train, sample, evaluate):
        verb.add_argument("--seed", type=int, default=0, help="default 0")
    folder = train.add_argument_group("how a folder's pictures are read")
    folder.add_argument("--size", type=int, help="height and width; default 32")
    folder.add_argument("--channels", type=int, help="3 for colours (default), 1 for grey")
    folder.add_argument("--pad", action="store_true", help="show all of it, not its middle")
    folder.add_argument("--background", type=int, help="grey behind it, 0 to 255; default 255")
    folder.add_argument("--classes", action="store_true", help="its folder's name is its label")
    folder.add_argument("--strict", action="store_true", help="refuse where one cannot be read")
    train.add_argument("--root", default="data", help="folder of downloaded data sets")
    evaluate.add_argument("--root", help="folder of data sets, if not that of the training")
    return parser


def _say(line: str) -> None:
    """Print the line; OSError where it cannot be written, as on a full disk."""
    try:
        print(line, flush=True)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries again
        if isinstance(error, BrokenPipeError):  # whoever reads, such as head, has seen enough
            return
        raise checkpoints.unwritable("the standard output", error) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it is done, 1 after an error that is told in one line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    for name, value in vars(options).items():
        if isinstance(value, list):  # what argparse makes of --steps=--
            parser.error(f"argument --{name.replace('_', '-')}: expected one value, got '--'")
    try:
        if options.verb == "train":
            given = {name: getattr(options, name) for name in CHANGES}
            pictures = {name: getattr(options, name) for name in PICTURES}
            cli.run_training(
                options.recipe,
                options.out,
                data=options.data,
                seed=options.seed,
                resume=options.resume,
                root=options.root,
                pictures={k: v for k, v in pictures.items() if v is not None and v is not False},
                changes={name: value for name, value in given.items() if value is not None},
            )
        elif options.verb == "sample":
            what = {"count": options.count, "seed": options.seed, "label": options.label}
            cli.run_sampling(options.run, options.out, **what)
            _say(str(options.out))
        else:
            what = {"count": options.count, "seed": options.seed, "split": options.split}
            where = {"root": options.root, "inception": options.inception}
            result, table = cli.run_evaluation(options.run, **what, **where)
            _say(json.dumps(result) if options.json else table)
    except (ValueError, OSError, ImportError, DivergenceError) as error:
        print(f"error: {error}".replace("resume=True", "--resume"), file=sys.stderr)
        return 1
    except KeyboardInterrupt as stopped:
        print(f"\n{stopped}".replace("resume=True", "--resume"), file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
