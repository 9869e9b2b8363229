"""What is recorded of a run: p_g without chance, against closed forms and samples; packing; the sums over cells."""

import json
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gan_tutorial.distributions import mixture, normal, sample
from gan_tutorial.divergences import js
from gan_tutorial.game import optimal_logit
from gan_tutorial.game import value as exact_value
from gan_tutorial.line import (
    ARROWS,
    Cells,
    Noise,
    accuracy,
    jensen_shannon,
    look,
    pack,
    player_run,
    push_forward,
    unpack,
    value,
)
from gan_tutorial.networks import Gaussian, Pair, line_pair
from gan_tutorial.optimizers import adam
from gan_tutorial.sweep import sweep
from gan_tutorial.training import Settings, train

P_DATA = mixture([-2.0, 2.0], [0.5, 0.7], [0.4, 0.6])
DATA = sample(P_DATA, 200, torch.Generator().manual_seed(0)).float()


def affine(scale, shift):
    layer = nn.Linear(1, 1)
    layer.weight.data.fill_(scale)
    layer.bias.data.fill_(shift)
    return nn.Sequential(layer).double()


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(0.2, 2.0), shift=st.floats(-3, 3), flip=st.sampled_from([-1, 1]))
def test_an_affine_generator_gives_the_normal_it_should(scale, shift, flip):
    cells, noise = Cells(), Noise(pieces=2000, reach=6.0)
    x = flip * scale * noise.ends + shift
    masses = push_forward(x, noise.mass, cells.edges)
    np.testing.assert_allclose(masses, cells.masses(normal(shift, scale)), atol=2e-5)
    assert masses.sum().item() == pytest.approx(1, abs=1e-12)


def test_a_generator_that_folds_needs_no_inverse():
    cells, noise = Cells(), Noise(pieces=4000, reach=6.0)
    masses = push_forward(noise.ends.abs(), noise.mass, cells.edges)
    twice = 2 * cells.masses(normal(0.0, 1.0))
    positive = torch.arange(len(masses)) > cells.count // 2
    np.testing.assert_allclose(masses[positive], twice[positive], atol=1e-4)
    assert masses[~positive].sum() == 0


def test_a_generator_that_collapses_puts_all_mass_into_one_cell():
    masses = push_forward(torch.full((401,), 0.3).double(), Noise().mass, Cells().edges)
    assert masses.max().item() == pytest.approx(1)
    assert jensen_shannon(Cells().masses(P_DATA), masses) < math.log(2)


def test_masses_agree_with_samples_of_the_same_generator():
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)).double()
    z = torch.randn(200_000, 1, dtype=torch.float64)
    cells = Cells(-2.0, 2.0, 20)
    with torch.no_grad():
        found = torch.histc(generator(z), 20, -2, 2) / len(z)
        masses = push_forward(generator(Noise().ends[:, None])[:, 0], Noise().mass, cells.edges)
    np.testing.assert_allclose(masses[1:-1], found, atol=5e-3)


@settings(max_examples=25, deadline=None)
@given(mean=st.floats(-2, 2), std=st.floats(0.4, 2.0))
def test_sums_over_cells_lie_below_the_integrals_and_near_them(mean, std):
    cells, p_g = Cells(-9.0, 9.0, 360), normal(mean, std)
    p, q = cells.masses(P_DATA), cells.masses(p_g)
    exact = js(P_DATA, p_g)
    assert exact - 2e-3 < jensen_shannon(p, q).item() <= exact + 1e-12
    score = optimal_logit(P_DATA, p_g, cells.centres)
    optimum = value(p, q, torch.log(p / q)).item()
    assert value(p, q, score).item() <= optimum + 1e-12
    assert value(p, q, torch.zeros_like(p)).item() == pytest.approx(-math.log(4))
    assert optimum == pytest.approx(
        exact_value(P_DATA, p_g, partial(optimal_logit, P_DATA, p_g)), abs=4e-3
    )


def test_the_best_accuracy_is_a_half_plus_half_the_total_variation():
    cells = Cells()
    p, q = cells.masses(P_DATA), cells.masses(normal(0.0, 1.0))
    best = accuracy(p, q, p - q)
    assert best.item() == pytest.approx(0.5 + 0.25 * (p - q).abs().sum().item())
    assert accuracy(p, q, torch.zeros_like(p)).item() == pytest.approx(0.5, abs=1e-12)
    assert accuracy(p, q, q - p).item() == pytest.approx(1 - best.item())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-6, 6), min_size=1, max_size=30))
def test_packed_numbers_come_back_to_half_a_level(numbers):
    numbers = torch.tensor(numbers, dtype=torch.float64)
    text = pack(numbers, -6.0, 6.0)
    assert len(text) == 2 * len(numbers)
    assert (unpack(text, -6.0, 6.0) - numbers).abs().max() <= 6 / 4095 + 1e-12


def test_what_cannot_be_packed_is_held_to_the_ends_or_refused():
    ends = torch.tensor([-99.0, 99.0])
    assert unpack(pack(ends, -1.0, 1.0), -1.0, 1.0).tolist() == [-1.0, 1.0]
    with pytest.raises(ValueError, match="diverged"):
        pack(torch.tensor([0.0, float("nan")]), -1.0, 1.0)


def test_cells_say_what_they_need():
    with pytest.raises(ValueError, match="low must lie below high"):
        Cells(1.0, -1.0)


def test_one_run_of_a_sweep_looks_like_the_same_run_of_train():
    chosen = Settings(optimizers=(adam(1e-2), adam(1e-3)))
    build = partial(line_pair, 4)
    together = [look(s) for s in sweep(build, DATA, [chosen], [3, 4], steps=6, every=3)]
    alone = []
    optimizers = (adam(1e-2), adam(1e-3))
    for snapshot in train(build(seed=4), DATA, steps=6, every=3, seed=4, optimizers=optimizers):
        alone.append(look(snapshot))
    for one, many in zip(alone, together, strict=True):
        assert one.step == many.step
        np.testing.assert_allclose(many.p_g[0, 1], one.p_g, atol=1e-4)
        np.testing.assert_allclose(many.score[0, 1], one.score, atol=1e-4)
        np.testing.assert_allclose(many.x[0, 1], one.x, atol=1e-4)


def test_a_record_is_small_plain_json_and_keeps_the_divergence():
    pair = Pair(affine(1.3, 0.4), affine(0.5, 0.0), Gaussian(1))
    snapshots = train(pair, DATA.double(), steps=2, every=1, seed=0)
    moments = [look(snapshot) for snapshot in snapshots]
    run = player_run("one", moments, (), P_DATA, note="a note")
    assert json.loads(json.dumps(run)) == run
    assert len(json.dumps(run["p_g"] + run["score"] + run["x"])) < 450 * len(moments)
    cells = Cells()
    for moment, text in zip(moments, run["p_g"], strict=True):
        q = unpack(text, -16.0, 0.0).exp()
        p = cells.masses(P_DATA)
        back = jensen_shannon(p, q / q.sum()).item()
        assert back == pytest.approx(jensen_shannon(p, moment.p_g).item(), abs=2e-4)
    np.testing.assert_allclose(unpack(run["x"][0], -6.0, 6.0), 1.3 * ARROWS + 0.4, atol=0.002)


def test_a_diverged_run_is_nan_and_leaves_the_others_alone():
    p = Cells().masses(P_DATA)
    x = torch.stack([Noise().ends, Noise().ends * float("nan")])
    found = jensen_shannon(p, push_forward(x, Noise().mass, Cells().edges))
    assert found.isnan().tolist() == [False, True]


def test_a_look_changes_nothing_in_the_run_that_is_looked_at():
    generator = nn.Sequential(nn.Linear(1, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))
    discriminator = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 1))
    pair = Pair(generator, discriminator, Gaussian(1))
    *_, snapshot = train(pair, torch.randn(64, 1), steps=2, batch_size=8)
    before = generator[1].running_mean.clone()
    one, two = look(snapshot), look(snapshot)
    assert torch.equal(generator[1].running_mean, before)
    assert torch.equal(one.score, two.score)
    assert generator.training
