"""Shapes, sizes and initialisations as the sources state them."""

import math

import pytest
import torch
from torch import nn

from gan_tutorial.networks import (
    Conditional,
    Gaussian,
    Maxout,
    Uniform,
    circulating_pair,
    line_pair,
    logit_of_marginals,
    mirza_pair,
    mlp,
    mlp_pair,
    paper_pair,
)
from gan_tutorial.training import sample

Y = torch.tensor([3, 0, 9, 3])


def linear_shapes(network):
    return [(m.in_features, m.out_features) for m in network.modules() if isinstance(m, nn.Linear)]


@pytest.mark.parametrize(
    ("pair", "labels", "width"),
    [
        (mlp_pair(5, 3, (7,), (6, 4)), None, 5),
        (mlp_pair(5, 3, (7,), (6, 4), classes=10), Y, 5),
        (mlp_pair(5, 3, (7,), (6, 4), classes=10, embedding=2), Y, 5),
        (circulating_pair(), None, 784),
        (circulating_pair(classes=10), Y, 784),
        (paper_pair(), None, 784),
        (mirza_pair(), Y, 784),
        (line_pair(), None, 1),
    ],
    ids=["mlp", "one-hot", "embedding", "circulating", "circulating-10", "paper", "mirza", "line"],
)
def test_every_pair_fits_together(pair, labels, width):
    fake = sample(pair.generator, pair.prior, 4, labels=labels)
    assert fake.shape == (4, width)
    score = pair.discriminator.eval()(fake, *([] if labels is None else [labels]))
    assert score.shape == (4, 1)
    if width == 784:
        assert fake.min() >= 0
        assert fake.max() <= 1


def test_the_circulating_pair_has_its_widths_and_batch_norm_done_right():
    pair = circulating_pair()
    assert linear_shapes(pair.generator) == [
        (100, 128),
        (128, 256),
        (256, 512),
        (512, 1024),
        (1024, 784),
    ]
    assert linear_shapes(pair.discriminator) == [(784, 512), (512, 256), (256, 1)]
    norms = [m for m in pair.generator.modules() if isinstance(m, nn.BatchNorm1d)]
    assert [(m.num_features, m.eps, m.momentum) for m in norms] == [
        (256, 1e-5, 0.1),
        (512, 1e-5, 0.1),
        (1024, 1e-5, 0.1),
    ]
    assert not any(isinstance(m, nn.BatchNorm1d) for m in pair.discriminator.modules())


def test_the_papers_pair_starts_as_the_paper_says():
    images = torch.rand(500, 784)
    pair = paper_pair(logit_of_marginals(images))
    assert linear_shapes(pair.generator) == [(100, 1200), (1200, 1200), (1200, 784)]
    assert linear_shapes(pair.discriminator) == [(784, 1200), (240, 1200), (240, 1)]
    keep = [1 - m.p for m in pair.discriminator.modules() if isinstance(m, nn.Dropout)]
    assert keep == pytest.approx([0.8, 0.5, 0.5])
    for network, limit in ((pair.generator, 0.05), (pair.discriminator, 0.005)):
        for layer in (m for m in network.modules() if isinstance(m, nn.Linear)):
            assert layer.weight.abs().max() <= limit
            assert layer.weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.15)
    torch.testing.assert_close(pair.generator[-2].bias.sigmoid(), images.mean(0))
    assert isinstance(pair.prior, Uniform)


def test_marginals_of_bytes_and_of_floats_agree_and_stay_finite():
    images = torch.randint(0, 256, (50, 28, 28), dtype=torch.uint8)
    images[:, 0] = 0  # pixels that are never on
    bias = logit_of_marginals(images)
    torch.testing.assert_close(bias, logit_of_marginals(images / 255), rtol=1e-5, atol=1e-5)
    assert bias.isfinite().all()


def test_mirzas_pair_has_the_two_branches():
    pair = mirza_pair()
    assert linear_shapes(pair.generator) == [(100, 200), (10, 1000), (1200, 1200), (1200, 784)]
    assert linear_shapes(pair.discriminator) == [(784, 1200), (10, 250), (290, 960), (240, 1)]


def test_maxout_is_the_largest_of_its_pieces():
    layer = Maxout(3, 2, 5).requires_grad_(False)
    x = torch.randn(4, 3)
    pieces = [
        [(x[i] @ layer.linear.weight[u * 5 + k] + layer.linear.bias[u * 5 + k]) for k in range(5)]
        for i in range(4)
        for u in range(2)
    ]
    expected = torch.tensor([max(p) for p in pieces]).reshape(4, 2)
    torch.testing.assert_close(layer(x), expected)


def test_dropout_in_training_keeps_the_mean():
    x = torch.ones(20_000, 1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dropped = nn.Dropout(0.2).train()(x)
    assert sorted(dropped.unique().tolist()) == pytest.approx([0, 1.25])
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)


def test_one_hot_is_fixed_and_an_embedding_learns():
    fixed = Conditional(nn.Identity(), 4)
    learned = Conditional(nn.Identity(), 4, embedding=2)
    out = fixed(torch.zeros(2, 1), torch.tensor([0, 3]))
    torch.testing.assert_close(out, torch.tensor([[0.0, 1, 0, 0, 0], [0, 0, 0, 0, 1]]))
    assert not any(p.requires_grad for p in fixed.parameters())
    assert [p.shape for p in learned.parameters() if p.requires_grad] == [(4, 2)]


@pytest.mark.parametrize("build", [mlp_pair, circulating_pair, paper_pair, mirza_pair, line_pair])
def test_the_seed_decides_the_weights_and_nothing_else_does(build):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    a = build(seed=4)
    assert torch.equal(before, torch.get_rng_state())  # the caller's randomness is untouched
    torch.manual_seed(2)
    b, c = build(seed=4), build(seed=5)
    weights = [nn.utils.parameters_to_vector(pair.generator.parameters()) for pair in (a, b, c)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_priors_have_mean_0_and_variance_1():
    for prior in (Gaussian(3), Uniform(3)):
        z = prior(50_000, torch.Generator().manual_seed(0))
        assert z.shape == (50_000, 3)
        assert z.mean().item() == pytest.approx(0, abs=0.01)
        assert z.var().item() == pytest.approx(1, abs=0.01)
    assert z.abs().max() <= math.sqrt(3)


def test_mlp_names_bad_widths():
    with pytest.raises(
        ValueError, match=r"widths must be two or more positive integers, got \[3\]"
    ):
        mlp([3])
    with pytest.raises(ValueError, match=r"got \[3, 0, 1\]"):
        mlp([3, 0, 1])


def test_pairs_name_what_does_not_fit():
    with pytest.raises(ValueError, match="classes, embedding must be at least 0, got 3, -2"):
        mlp_pair(classes=3, embedding=-2)
    with pytest.raises(ValueError, match=r"marginals must have shape \(784,\), got \(5,\)"):
        paper_pair(torch.zeros(5))
