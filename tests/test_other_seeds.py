"""`make seeds`: a notebook's seeds are moved where they are used, and what it asserts is asked again."""

import json

import nbformat
import other_seeds
import pytest

CELL = """
import torch
from gan_tutorial import Settings, line_pair, seeded, sweep, train
data = torch.linspace(-1, 1, 50)[:, None]
pair = line_pair(4, seed=3)
first = next(iter(pair.generator.parameters())).sum().item()
own = torch.Generator().manual_seed(7)
def a_loop(seed):
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(1).item(), torch.rand(1, generator=rng).item()
last = [shot for shot in train(pair, data, steps=2, batch_size=8, seed=5)][-1]
both = list(sweep(lambda seed: line_pair(4, seed=seed), data, [Settings(batch_size=8)], [7], steps=1))
numbers = [first, last.sample(3).sum().item(), both[-1].sample(3).sum().item(), *a_loop(9)]
measured = torch.rand(1, generator=own).item()
print("numbers", numbers)
{assertion}
"""


def notebook(folder, assertion=""):
    path = folder / "a.ipynb"
    cell = nbformat.v4.new_code_cell(CELL.format(assertion=assertion))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), path)
    return path


def numbers(folder, offset):
    """What the notebook computes with its seeds moved."""
    told = folder / "numbers.json"
    path = notebook(
        folder,
        "import json, pathlib\n"
        f"pathlib.Path({str(told)!r}).write_text(json.dumps([numbers, measured]))",
    )
    assert other_seeds.attempt(path, offset, folder / "log"), (folder / "log").read_text()
    return json.loads(told.read_text())


def test_every_seed_is_moved_and_no_other_number(tmp_path):
    here = {}
    exec(CELL.format(assertion=""), here)
    assert numbers(tmp_path, 0) == [here["numbers"], here["measured"]]
    moved, measured = numbers(tmp_path, 1)
    assert measured == here["measured"]
    assert all(a != b for a, b in zip(moved, here["numbers"], strict=True))
    by_hand = CELL.format(assertion="")
    for seed in (3, 5, 7, 9):
        by_hand = (
            by_hand.replace(f"seed={seed}", f"seed={seed + 1000}")
            .replace(f"[{seed}]", f"[{seed + 1000}]")
            .replace(f"a_loop({seed})", f"a_loop({seed + 1000})")
        )
    # The sweep's own seed reaches the weights through `seeded`, which is moved again.
    by_hand = by_hand.replace("line_pair(4, seed=seed)", "line_pair(4, seed=seed + 1000)")
    exec(by_hand, here)
    assert moved == here["numbers"]


def test_a_claim_that_fails_is_told(tmp_path, capsys):
    of_record = "for _ in range(2):\n    assert False  # with the record's seeds"
    assert other_seeds.attempt(notebook(tmp_path, of_record), 1, tmp_path / "log")
    assert not other_seeds.attempt(notebook(tmp_path, "assert False"), 1, tmp_path / "log")
    assert "AssertionError" in (tmp_path / "log").read_text()
    with pytest.raises(SystemExit):
        other_seeds.main(["earth-mover-of-another-book"])
    assert "trains nothing" in capsys.readouterr().err
