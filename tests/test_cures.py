"""Cures for mode collapse: the cells of "Since 2014" that the record runs, and the record."""

import copy

import pytest
import torch
from torch.nn.functional import softplus

from gan_tutorial import recorded
from recordings import cures, since


@pytest.fixture(scope="module")
def names():
    return since.chapter()


@pytest.fixture
def players(names):
    """A pair in float64, a batch of data and noise, and D's Adam after some steps."""
    G, D, _ = names["ring_pair"](3)
    G, D = G.double(), D.double()
    real, z = names["ring"](32, 0.2, 0).double(), names["noise"](32, 1).double()
    optimizer = torch.optim.Adam(D.parameters(), 1e-3, betas=names["SLOW"])

    def step():
        optimizer.zero_grad()
        loss = softplus(-D(real)).mean() + softplus(D(G(z).detach())).mean()
        loss.backward()
        optimizer.step()

    def ahead(k):
        return names["later"](D, optimizer, real, G(z), k)

    for _ in range(3):
        step()
    return G, D, z, optimizer, ahead, step


def test_later_weights_are_those_that_adam_comes_to(players):
    _, D, _, optimizer, ahead, step = players
    before = copy.deepcopy(D.state_dict())
    later = ahead(4)
    assert all(torch.equal(D.state_dict()[n], w) for n, w in before.items())  # D itself stays
    for _ in range(4):
        step()
    for name, weight in D.named_parameters():
        clear = optimizer.state[weight]["exp_avg_sq"].sqrt() > 1e-4  # see the 1e-12 in `later`
        assert clear.any()
        moved = (weight - before[name]).abs().max()
        assert moved > 1e-4
        assert ((later[name] - weight).abs()[clear] < 1e-3 * moved).all()


def test_g_s_gradient_goes_through_the_steps_of_d(players):
    """Against central differences; without the way through D's steps the gradient is another."""
    G, D, z, _, ahead, _ = players
    weight = next(G.parameters())
    aside = torch.randn(
        weight.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(5)
    )

    def value(shift, fixed=None):
        weight.data.add_(shift * aside)
        return softplus(-torch.func.functional_call(D, fixed or ahead(3), G(z))).mean()

    (gradient,) = torch.autograd.grad(value(0.0), weight)
    slope = float((gradient * aside).sum())
    h = 1e-5
    below, above = (float(value(shift).detach()) for shift in (-h, 2 * h))
    assert (above - below) / (2 * h) == pytest.approx(slope, rel=1e-4)
    weight.data.sub_(h * aside)
    fixed = {n: w.detach() for n, w in ahead(3).items()}
    (blind,) = torch.autograd.grad(value(0.0, fixed), weight)
    assert abs(float((blind * aside).sum()) / slope - 1) > 1e-3


def test_a_packed_verdict_is_on_a_sample_and_those_that_follow(names):
    torch.manual_seed(0)
    D, x = names["Packed"](3), torch.randn(10, 2)
    changed = x.clone()
    changed[5] += 1
    differ = (D(x) != D(changed))[:, 0].nonzero()[:, 0].tolist()
    assert differ == [3, 4, 5]
    assert D(x).shape == (10, 1)


def test_minibatch_discrimination_counts_what_is_near(names):
    torch.manual_seed(0)
    D, seen = names["Compared"](5), {}
    D.verdict.register_forward_pre_hook(lambda _, inputs: seen.update(near=inputs[0][:, 64:]))
    D(torch.randn(1, 2).expand(8, 2))  # all the same: a whole collapse
    assert torch.allclose(seen["near"], torch.full((8, 5), 7.0), atol=1e-5)
    x, order = torch.randn(8, 2), torch.randperm(8)
    scores = D(x)
    assert (seen["near"] < 7).all()
    assert torch.allclose(D(x[order]), scores[order], atol=1e-5)


def test_every_cure_had_the_same_search():
    _, note = recorded.read("cures")
    assert list(note["parts"]) == list(cures.Cures(steps=1, samples=10).variants())
    for name, part in note["parts"].items():
        assert len(part["validation"]) == 2 * len(since.RATES), name
        assert part["chosen"] == min(part["validation"], key=part["validation"].get)
        assert len(part["runs"]) == len(since.SEEDS) == len(note["seeds"])
    assert (note["steps"], note["ratio"]) == (cures.STEPS, cures.RATIO)


def test_a_small_record_can_be_made(small_record):
    note, _ = small_record(cures, "cures", "cures", samples=200, SEEDS=(0,), RATES=(1e-3,))
    assert all(part["runs"][0]["energy"] > 0 for part in note["parts"].values())
