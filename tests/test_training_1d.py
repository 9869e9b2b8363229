"""What chapter 7 promises of training on the line: a setting that arrives, and a step that descends."""

import itertools
from functools import partial

import torch

from gan_tutorial.distributions import mixture, normal, sample
from gan_tutorial.divergences import js
from gan_tutorial.game import optimal_logit
from gan_tutorial.line import Cells, jensen_shannon, look
from gan_tutorial.networks import Gaussian, Pair, line_pair
from gan_tutorial.objectives import MINIMAX
from gan_tutorial.optimizers import adam, sgd
from gan_tutorial.sweep import sweep
from gan_tutorial.training import Settings, train

P_DATA = mixture([-2.0, 2.0], [0.5, 0.7], [0.4, 0.6])
DATA = sample(P_DATA, 4000, torch.Generator().manual_seed(0))


def test_the_recommended_setting_arrives_on_nine_seeds_of_ten():
    rates = adam(2e-2, betas=(0.0, 0.999)), adam(2e-3, betas=(0.0, 0.999))
    setting, seeds = Settings(MINIMAX, rates), range(2000, 2032)
    *_, last = sweep(partial(line_pair, 16), DATA.float(), [setting], seeds, steps=1200, every=1200)
    distances = jensen_shannon(Cells().masses(P_DATA), look(last).p_g)
    assert distances.shape == (1, 32)
    assert (distances < 0.1).double().mean() >= 0.9


class BestReply(torch.nn.Module):
    """D* for one generator, and no parameters."""

    def __init__(self, mean, std):
        super().__init__()
        self.p_g = normal(mean, std)

    def forward(self, x):
        return optimal_logit(P_DATA, self.p_g, x)


def against_best_reply(patience, steps):
    """JSD before and after `steps` steps of an affine G, with D* renewed every `patience` steps."""
    layer = torch.nn.Linear(1, 1).double()
    layer.weight.data.fill_(2.5)
    layer.bias.data.fill_(-0.5)

    def where():
        return layer.bias.item(), max(1e-3, abs(layer.weight.item()))

    distances = [js(P_DATA, normal(*where()))]
    for start in range(0, steps, patience):
        pair = Pair(torch.nn.Sequential(layer), BestReply(*where()), Gaussian(1))
        optimizers = sgd(), sgd(0.5, momentum=0.0)
        settings = {"objective": MINIMAX, "optimizers": optimizers, "batch_size": 2048}
        list(train(pair, DATA, steps=patience, seed=start, **settings))
        distances.append(js(P_DATA, normal(*where())))
    return distances


def test_each_step_against_the_optimal_discriminator_decreases_the_divergence():
    distances = against_best_reply(patience=1, steps=15)
    assert all(after < before for before, after in itertools.pairwise(distances))


def test_a_discriminator_that_stays_frozen_invites_the_helvetica_scenario():
    before, after = against_best_reply(patience=70, steps=70)
    assert after > before + 0.3
