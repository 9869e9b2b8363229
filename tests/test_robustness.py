"""The robustness record of chapter 11: its judge, its settings, and that it can be made again."""

import math

import numpy as np
import pytest
import torch

from gan_tutorial import line, recorded
from gan_tutorial._engine.stacked import Stack
from gan_tutorial.distributions import mixture, normal
from gan_tutorial.divergences import wasserstein1
from gan_tutorial.networks import line_pair
from gan_tutorial.objectives import gradient_penalty
from gan_tutorial.recipes import LINE_DATA, LINE_VARIANTS, line_settings
from gan_tutorial.sweep import SweepSnapshot
from recordings import robustness
from recordings.__main__ import main


def affine_snapshot(scale, shift):
    """A sweep's snapshot with one generator, G(z) = scale z + shift."""
    layer = torch.nn.Linear(1, 1).double()
    layer.weight.data.fill_(scale)
    layer.bias.data.fill_(shift)
    generator = Stack.of([torch.nn.Sequential(layer)])
    setting = line_settings("GAN", 1, 1e-3)
    return SweepSnapshot(0, (setting,), (0,), generator, generator, None)


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 0.0), (-0.4, 3.0), (2.0, 0.1), (0.01, 20.0)])
def test_judge_agrees_with_the_exact_distance_between_densities(scale, shift):
    for p_data in (normal(0.5, 0.8), mixture([-2.0, 2.0], [0.5, 0.7], [0.4, 0.6])):
        exact = wasserstein1(p_data, normal(shift, abs(scale)))
        found = line.wasserstein1(affine_snapshot(scale, shift), p_data, n=4000)
        assert found.shape == (1, 1)
        assert found.item() == pytest.approx(exact, rel=1e-3, abs=1e-3)


def test_a_run_that_diverged_has_no_distance():
    assert math.isnan(line.wasserstein1(affine_snapshot(math.nan, 0.0), LINE_DATA).item())


def penalties(slope):
    """Two-sided and one-sided penalty of the critic `slope` · x."""
    real, fake, t = torch.zeros(5, 1), torch.ones(5, 1), torch.rand(5, 1)
    critic = torch.nn.Linear(1, 1)
    critic.weight.data.fill_(slope)
    both = gradient_penalty(10.0), gradient_penalty(10.0, one_sided=True)
    return [penalty(critic, real, fake, t).item() for penalty in both]


def test_one_sided_penalty_fines_only_what_is_too_steep():
    assert penalties(1.5) == pytest.approx([2.5, 2.5])
    assert penalties(-1.5) == pytest.approx([2.5, 2.5])
    assert penalties(0.2) == pytest.approx([6.4, 0.0], abs=1e-6)
    assert penalties(1.0) == pytest.approx([0.0, 0.0], abs=1e-6)


def test_one_sided_penalty_teaches_the_critic():
    critic = line_pair(8, seed=1).discriminator
    with torch.no_grad():
        critic[0].weight.mul_(9.0)
    rows = torch.randn(3, 20, 1, generator=torch.Generator().manual_seed(0)).unbind()
    cost = gradient_penalty(one_sided=True)(critic, rows[0], rows[1], rows[2].sigmoid())
    cost.backward()
    assert cost > 0
    assert critic[0].weight.grad.abs().sum() > 0


def test_unknown_variant_names_those_there_are():
    with pytest.raises(ValueError, match=r"'GANN'.*WGAN-GP"):
        line_settings("GANN", 1, 1e-3)


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.inf, math.nan])
def test_a_ratio_that_is_none_is_named(ratio):
    with pytest.raises(ValueError, match=f"ratio={ratio}.*positive"):
        line_settings("GAN", 1, 1e-3, ratio)


def test_the_ratio_is_of_the_discriminators_rate():
    weights = [torch.nn.Parameter(torch.zeros(1))]
    d, g = (make(weights) for make in line_settings("WGAN-GP", 5, 1e-3, 10).optimizers)
    assert d.param_groups[0]["lr"] == pytest.approx(1e-2)
    assert g.param_groups[0]["lr"] == pytest.approx(1e-3)


def test_tuned_record_is_whole_and_each_was_chosen_by_its_search():
    arrays, note = recorded.read("wgan-tuned")
    places = tuple(len(note[part]) for part in ("variants", "critic_steps"))
    grid = tuple(len(note[part]) for part in ("rates", "ratios"))
    assert set(note["variants"]) < set(LINE_VARIANTS)
    assert not set(note["search_seeds"]) & set(note["seeds"])  # judged on seeds that chose nothing
    looks = len(note["costs"])
    assert arrays["search"].shape == (*places, *grid, len(note["search_seeds"]), looks)
    assert arrays["final"].shape == (*places, len(note["seeds"]), looks)
    ends = arrays["search"][..., -robustness.SEARCH_LOOKS :].astype(np.float64).mean(-1)
    medians = np.median(np.nan_to_num(ends, nan=np.inf), -1)
    for place in np.ndindex(places):
        # float16 may exchange two that are equal to three digits
        assert medians[place][tuple(arrays["chosen"][place])] <= medians[place].min() * 1.002


def test_a_part_of_the_tuned_record_comes_out_again():
    arrays, note = recorded.read("wgan-tuned")
    grid = [(rate, ratio) for rate in note["rates"] for ratio in note["ratios"]]
    settings = [line_settings("GAN", 1, *place) for place in grid]
    again = robustness.look(settings, note["search_seeds"][:2], 80, 80)
    kept = torch.from_numpy(arrays["search"][0, 0, :, :, :2, :2].astype(np.float64)).flatten(0, 1)
    assert again.shape == kept.shape
    assert (again - kept).abs().median() < 0.03


def test_a_small_search_chooses_and_runs_the_chosen():
    search, chosen, final = robustness.tuned([2], [1], [7], cost=16, look_cost=4)
    assert search.shape == (3, 1, 4, 3, 1, 5)
    assert chosen.shape == (3, 1, 2)
    assert final.shape == (3, 1, 1, 5)
    ends = search[:, 0, :, :, 0, -robustness.SEARCH_LOOKS :].mean(-1)
    for i, (rate, ratio) in enumerate(chosen[:, 0].tolist()):
        assert ends[i, rate, ratio] == ends[i].min()


def test_record_is_whole_and_says_what_it_holds():
    arrays, note = recorded.read("wgan-robustness")
    parts = ("variants", "critic_steps", "rates", "seeds", "steps")
    assert arrays["w1"].shape == tuple(len(note[part]) for part in parts)
    assert note["variants"] == list(LINE_VARIANTS)
    assert note["steps"] == list(range(0, robustness.STEPS + 1, robustness.EVERY))
    assert np.isfinite(arrays["w1"]).all()
    start = arrays["w1"][..., 0]
    assert (start == start[:1, :1, :1]).all()  # a seed starts every setting from the same weights


def test_a_part_of_the_record_comes_out_again():
    arrays, note = recorded.read("wgan-robustness")
    again = robustness.table([1], [1e-3], note["seeds"][:3], steps=80, every=80)
    kept = torch.from_numpy(arrays["w1"][:, :1, 2:3, :3, :2].astype(np.float64))
    assert again.shape == kept.shape
    assert torch.allclose(again, kept, rtol=0.03, atol=0.03)


def test_command_writes_what_read_gives_back(tmp_path, monkeypatch):
    small = torch.ones(4, 5, 6, 16, 31, dtype=torch.float64)
    monkeypatch.setattr(robustness, "table", lambda: small)
    assert main(["robustness", "--out", str(tmp_path)]) == 0
    arrays, note = recorded.read("wgan-robustness", tmp_path)
    assert (arrays["w1"] == 1).all()
    assert note["command"] == "python -m recordings robustness"


def test_command_writes_the_searches_too(tmp_path, monkeypatch):
    small = [torch.ones(shape) for shape in ((3, 2, 4, 3, 3, 31), (3, 2, 2), (3, 2, 16, 31))]
    monkeypatch.setattr(robustness, "tuned", lambda: small)
    assert main(["tuned", "--out", str(tmp_path)]) == 0
    arrays, note = recorded.read("wgan-tuned", tmp_path)
    assert all((arrays[name] == 1).all() for name in ("search", "chosen", "final"))
    assert note["command"] == "python -m recordings tuned"
