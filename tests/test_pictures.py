"""Networks that know that a row is a picture, held to their definitions."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from gan_tutorial._engine import run as runs
from gan_tutorial.networks import Affine, Code, Conditional, Pair
from gan_tutorial.objectives import (
    NON_SATURATING,
    R3GAN,
    RELATIVISTIC,
    predicting,
    slopes,
    zero_centred_penalty,
)
from gan_tutorial.pictures import (
    Augment,
    Picture,
    Prediction,
    Projection,
    Residual,
    Rows,
    conv_pair,
    residual_pair,
    spectral_norm,
)
from gan_tutorial.training import Settings, train

FEW = Settings(objective=NON_SATURATING, batch_size=8)
SHAPES = [(1, 28, 28), (3, 32, 32), (1, 32, 32), (3, 20, 12), (3, 64, 64)]


def pictures(n, shape, seed=0):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("make", [conv_pair, residual_pair])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("classes", [0, 4, (3, 5)], ids=str)
def test_a_pair_plays_with_rows_of_its_shape(make, shape, classes):
    pair = make(shape, 4, 6, classes=classes)
    sizes = () if not classes else (classes,) if isinstance(classes, int) else classes
    y = torch.stack([torch.arange(2) % size for size in sizes], 1) if classes else None
    y = y[:, 0] if isinstance(classes, int) and classes else y
    given = () if y is None else (y,)
    fake = pair.generator(pair.prior(2, torch.Generator().manual_seed(0)), *given)
    assert fake.shape == (2, shape[0] * shape[1] * shape[2])
    assert 0 <= fake.min() <= fake.max() <= 1
    assert pair.discriminator(fake, *given).shape == (2, 1)


def test_a_row_is_read_as_the_picture_that_it_is():
    x = pictures(2, (3, 4, 5))
    seen = Picture((3, 4, 5))(x.flatten(1))
    assert torch.equal(seen, x)
    assert seen.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(Rows()(seen), x.flatten(1))


@pytest.mark.parametrize("shape", [(3, 33, 33), (1, 30, 64), (3, 32), (0, 32, 32)], ids=str)
def test_shapes_that_cannot_be_halved_are_named(shape):
    with pytest.raises(ValueError, match="shape"):
        residual_pair(shape)


def test_dcgan_keeps_its_rules():
    """No pooling, no hidden linear layer, batch norm but in G's last and D's first layer, N(0, 0.02²)."""
    pair = conv_pair((3, 32, 32), 32)
    g, d = (list(network.modules()) for network in pair[:2])
    assert not any(isinstance(m, nn.AvgPool2d | nn.MaxPool2d) for m in g + d)
    of_both = [[m for m in n if isinstance(m, nn.Linear)] for n in (g, d)]
    assert [[(m.in_features, m.out_features) for m in n] for n in of_both] == [
        [(100, 128 * 4 * 4)],
        [(128 * 4 * 4, 1)],
    ]
    of_g = [m for m in g if isinstance(m, nn.ConvTranspose2d)]
    of_d = [m for m in d if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in of_g] == [64, 32, 3]
    assert [m.out_channels for m in of_d] == [32, 64, 128]
    assert sum(isinstance(m, nn.BatchNorm2d) for m in g) == len(of_g)  # all but its last layer
    assert sum(isinstance(m, nn.BatchNorm2d) for m in d) == len(of_d) - 1  # all but its first
    assert sum(isinstance(m, nn.ReLU) for m in g) == 3
    assert {m.negative_slope for m in d if isinstance(m, nn.LeakyReLU)} == {0.2}
    weight = torch.cat([m.weight.flatten() for m in [*of_g, *of_d, *of_both[0], *of_both[1]]])
    assert abs(weight.mean()) < 4 * 0.02 / len(weight) ** 0.5
    assert abs(weight.std() / 0.02 - 1) < 4 / (2 * len(weight)) ** 0.5


def test_dcgan_draws_one_number_for_each_seed():
    first, again, other = (conv_pair(width=4, seed=seed).generator for seed in (0, 0, 1))
    z = torch.randn(2, 100)
    assert torch.equal(first.eval()(z), again.eval()(z))
    assert not torch.equal(first(z), other.eval()(z))


def test_a_residual_block_starts_as_the_identity_and_can_leave_it():
    block, x = Residual(4), torch.randn(2, 4, 5, 5)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    assert block.last.weight.grad.abs().max() > 0


def test_a_residual_pair_has_no_normalisation_and_grows_with_its_blocks():
    one, two = residual_pair(width=4), residual_pair(width=4, blocks=2)
    assert not any("Norm" in type(m).__name__ for network in two[:2] for m in network.modules())
    for small, large in zip(one[:2], two[:2], strict=True):
        count = [sum(isinstance(m, Residual) for m in n.modules()) for n in (small, large)]
        assert count == [4, 8]


def test_projection_is_its_formula():
    features = nn.Linear(5, 7)
    network = Projection(features, 7, (2, 3))
    with torch.no_grad():
        network.table.weight.normal_()
    x, y = torch.randn(4, 5), torch.tensor([[0, 2], [1, 0], [1, 2], [0, 1]])
    phi, table = features(x), network.table.weight
    for i, (a, b) in enumerate(y.tolist()):
        expected = phi[i] @ (network.score.weight[0] + table[a] + table[2 + b])
        torch.testing.assert_close(network(x, y)[i, 0], expected + network.score.bias[0])


def test_the_code_of_several_attributes_is_their_one_hot_codes_side_by_side():
    y = torch.tensor([[1, 0], [0, 2]])
    expected = torch.tensor([[0.0, 1, 1, 0, 0], [1, 0, 0, 0, 1]])
    assert torch.equal(Code((2, 3))(y), expected)
    assert torch.equal(Code(3)(torch.tensor([2])), torch.tensor([[0.0, 0, 1]]))
    assert not Code((2, 3)).weight.requires_grad
    assert Code((2, 3), 4)(y).shape == (2, 4)
    network = Conditional(nn.Identity(), (2, 3))
    assert torch.equal(network(torch.ones(2, 1), y)[:, 1:], expected)


# --- what D sees pictures through ------------------------------------------------------------------


def test_out_of_training_nothing_is_changed():
    layer, x = Augment((3, 8, 8), cutout=0.5, color=0.3).eval(), torch.rand(4, 192)
    assert torch.equal(layer(x), x)


def test_mirroring_and_shifting_pick_pixels_from_where_they_were():
    """Every result is one of the 2 × 3 × 3 pictures that can come out, and each of those comes."""
    shape = (2, 4, 4)
    x = torch.arange(32.0).view(1, *shape)
    possible = set()
    for turned in (x, x.flip(3)):
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                rows = (torch.arange(4) + down).clamp(0, 3)
                columns = (torch.arange(4) + right).clamp(0, 3)
                possible.add(tuple(turned[:, :, rows][..., columns].flatten().tolist()))
    torch.manual_seed(0)
    layer = Augment(shape, shift=0.25)
    found = {tuple(row.tolist()) for row in layer(x.flatten(1).expand(600, -1))}
    assert len(possible) == 18
    assert found == possible
    still = Augment(shape, mirror=False, shift=0.0)
    assert torch.equal(still(x.flatten(1)), x.flatten(1))


def test_a_square_is_cut_out_and_the_rest_is_left():
    layer, x = Augment((1, 16, 16), mirror=False, shift=0.0, cutout=0.5), torch.ones(500, 256)
    torch.manual_seed(0)
    out = layer(x)
    cut = (out == 0.5).float().mean(1)
    assert ((out == 0.5) | (out == 1)).all()
    assert cut.max() == 0.25  # where all of the square is inside
    assert 0.1 < cut.mean() < 0.25
    assert out.mean(0).std() > 0.01  # not always the same place


def test_colours_change_and_grey_stays_grey():
    shape = (3, 8, 8)
    layer = Augment(shape, mirror=False, shift=0.0, color=0.25)
    grey = torch.rand(50, 1, 8, 8).expand(50, 3, 8, 8).reshape(50, -1)
    out = layer(grey).view(50, *shape)
    torch.testing.assert_close(out[:, 0], out[:, 2])
    assert (out.mean((1, 2, 3)) - grey.mean(1)).abs().max() <= 0.25 + 1e-6
    assert (out.mean((1, 2, 3)) - grey.mean(1)).abs().max() > 0.1


def test_the_generator_learns_through_what_is_changed():
    layer, x = Augment((3, 8, 8), cutout=0.25, color=0.2), torch.rand(4, 192, requires_grad=True)
    layer(x).sum().backward()
    assert (x.grad != 0).float().mean() > 0.5


# --- spectral normalisation ------------------------------------------------------------------------


def test_spectral_norm_divides_by_the_largest_singular_value():
    network = nn.Sequential(Picture((1, 4, 4)), nn.Conv2d(1, 6, 3), Rows(), nn.Linear(24, 5))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(7)
    assert spectral_norm(network) is network
    for _ in range(100):  # the power method needs passes
        network(torch.rand(2, 16))
    for layer in (network[1], network[3]):
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        torch.testing.assert_close(largest, torch.tensor(1.0), rtol=1e-3, atol=0)


def test_spectral_norm_of_a_layer_that_starts_at_zero_is_one():
    pair = residual_pair((3, 32, 32), 8)
    spectral_norm(pair.discriminator)
    assert pair.discriminator(pictures(4, (3, 32, 32)).flatten(1)).isfinite().all()
    for layer in pair.discriminator.modules():
        if isinstance(layer, Residual):
            pair.discriminator.train()
            for _ in range(200):  # steps of the power method
                weight = layer.last.weight.detach()
            size = torch.linalg.matrix_norm(weight.flatten(1).double(), ord=2).item()
            assert abs(size - 1) < 0.02


# --- in the loop -----------------------------------------------------------------------------------


def few(pair, steps=2, **options):
    rows = pictures(24, (1, 8, 8)).flatten(1)
    options = {"batch_size": 8, "objective": R3GAN} | options
    return list(train(pair, rows, steps=steps, every=steps, **options))[-1]


def tiny(**options):
    return residual_pair((1, 8, 8), 4, 3, **options)


@pytest.mark.parametrize("augment", [None, Augment((1, 8, 8))], ids=["plain", "augmented"])
def test_a_residual_pair_trains_and_its_seed_decides(augment):
    results = [few(tiny(augment=copy.deepcopy(augment)), seed=seed).sample(3) for seed in (0, 0, 1)]
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_several_attributes_are_given_to_both_and_checked():
    labels = torch.stack([torch.arange(24) % 2, torch.arange(24) % 3], 1)
    shot = few(tiny(classes=(2, 3)), labels=labels)
    asked = torch.tensor([[0, 0], [1, 2]])
    one, two = shot.sample(2, labels=asked), shot.sample(2, labels=asked.flip(0))
    assert not torch.equal(one, two)
    with pytest.raises(ValueError, match="the generator has 2 classes and takes 0 to 1"):
        few(tiny(classes=(2, 3)), labels=labels.flip(1))
    with pytest.raises(ValueError, match="labels have 2 attributes; the generator takes 1"):
        few(tiny(classes=6), labels=labels)
    with pytest.raises(ValueError, match="labels must be 2, one for each sample, got 3"):
        shot.sample(2, labels=labels[:3])


def test_real_and_generated_pictures_do_not_share_batch_norm_s_statistics():
    """In one batch, D could tell the halves apart by what the other half looks like."""
    pair = conv_pair((1, 16, 16), 4, 3)
    pair = Pair(pair.generator.double(), pair.discriminator.double(), pair.prior)
    run = runs.Run(pair, torch.rand(16, 256), None, FEW, 0)
    real, fake = torch.rand(8, 256).double(), torch.rand(8, 256).double() * 5
    on_real, on_fake = run.scores(torch.cat([real, fake]), None)
    d = copy.deepcopy(pair.discriminator)
    torch.testing.assert_close(on_real, d(real))
    torch.testing.assert_close(on_fake, d(fake))
    assert not torch.allclose(torch.cat([on_real, on_fake]), d(torch.cat([real, fake])))


def test_a_share_of_the_batch_is_penalised_each_row_with_its_label():
    """γ/2 of the mean squared slope, real and fake, over the first half of the batch."""
    pair = tiny(classes=(2, 3))
    with torch.no_grad():
        pair.discriminator.table.weight.normal_()
    objective = replace(RELATIVISTIC, penalty=zero_centred_penalty(0.7), penalised=0.5)
    y = torch.stack([torch.arange(8) % 2, torch.arange(8) % 3], 1)
    run = runs.Run(pair, torch.rand(16, 64), y.repeat(2, 1), replace(FEW, objective=objective), 0)
    real, fake, t = torch.rand(8, 64), torch.rand(8, 64), torch.rand(8, 1)
    found = objective.penalty(*run.penalised(y, real, fake, t))
    squares = [
        slopes(lambda x, i=i: pair.discriminator(x, y[i : i + 1]), rows[i : i + 1]).square()
        for rows in (real, fake)
        for i in range(4)
    ]
    expected = 0.7 / 2 * 2 * torch.stack(squares).mean()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("share", [0, -1, 1.5, float("nan")])
def test_a_share_outside_of_the_batch_is_named(share):
    with pytest.raises(ValueError, match="penalised must be above 0 and at most 1"):
        replace(R3GAN, penalised=share)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("classes", [0, (2, 3)], ids=str)
def test_on_cuda_a_replayed_graph_draws_pictures_like_the_eager_loop(classes, monkeypatch):
    labels = torch.stack([torch.arange(24) % 2, torch.arange(24) % 3], 1) if classes else None
    results = []
    for graphs in (True, False):
        if not graphs:
            monkeypatch.setattr(runs.devices, "captured", lambda step, run: lambda: step(run))
        pair = tiny(classes=classes, augment=Augment((1, 8, 8)))
        pair = Pair(pair.generator.cuda(), pair.discriminator.cuda(), pair.prior)
        results.append(
            few(pair, steps=30, labels=labels).sample(
                4, labels=None if labels is None else labels[:4]
            )
        )
    torch.testing.assert_close(*results, rtol=1e-2, atol=1e-3)


def test_the_outputs_of_both_pairs_end_where_pixels_do():
    for make in (conv_pair, residual_pair):
        *_, squashed, moved = make(width=4).generator.children()
        assert isinstance(squashed, nn.Tanh)
        assert isinstance(moved, Affine)
        assert (moved.scale, moved.shift) == (0.5, 0.5)


# --- labels in D, and styles in G ------------------------------------------------------------------


def test_a_prediction_is_the_log_softmax_of_the_asked_values():
    network = Prediction(nn.Linear(5, 7), 7, (2, 3))
    x, y = torch.randn(4, 5), torch.tensor([[0, 2], [1, 0], [1, 2], [0, 1]])
    out, phi = network(x, y), network.features(x)
    torch.testing.assert_close(out[:, :1], network.score(phi))
    shares = [part.softmax(1) for part in network.reader(phi).split([2, 3], 1)]
    for i, (a, b) in enumerate(y.tolist()):
        expected = (shares[0][i, a] * shares[1][i, b]).log()
        torch.testing.assert_close(out[i, 1], expected)
    single = Prediction(nn.Linear(5, 7), 7, 3)
    reader = single.reader(single.features(x)).log_softmax(1)
    torch.testing.assert_close(single(x, y[:, 1])[:, 1], reader[torch.arange(4), y[:, 1]])


def test_predicting_adds_the_log_probability_of_the_labels_to_both():
    objective, rng = predicting(NON_SATURATING, 0.3), torch.Generator().manual_seed(0)
    real, fake = (torch.randn(6, 2, generator=rng).double() for _ in range(2))
    of_d = NON_SATURATING.discriminator_loss(real[:, :1], fake[:, :1])
    of_g = NON_SATURATING.generator_loss(None, fake[:, :1])
    read = real[:, 1].mean() + fake[:, 1].mean()
    torch.testing.assert_close(objective.discriminator_loss(real, fake), of_d - 0.3 * read)
    torch.testing.assert_close(objective.generator_loss(None, fake), of_g - 0.3 * fake[:, 1].mean())
    with pytest.raises(ValueError, match="r3gan has a penalty"):
        predicting(R3GAN)


@pytest.mark.parametrize(
    ("where", "objective"),
    [("joined", R3GAN), ("projected", R3GAN), ("predicted", predicting(NON_SATURATING))],
)
def test_every_way_to_give_labels_to_d_trains(where, objective):
    labels = torch.stack([torch.arange(24) % 2, torch.arange(24) % 3], 1)
    pair = tiny(classes=(2, 3), labels_in_d=where)
    before = copy.deepcopy(pair.discriminator.state_dict())
    few(pair, labels=labels, objective=objective)
    after = pair.discriminator.state_dict()
    # Of a relativistic game the last bias cancels: it moves nothing, and nothing moves it.
    learnt = {
        k for k, v in pair.discriminator.named_parameters() if v.requires_grad and v.dim() > 1
    }
    assert all(not torch.equal(before[k], after[k]) for k in learnt)


def test_a_joined_label_changes_the_score_and_a_wrong_number_of_outputs_is_named():
    d = tiny(classes=3, labels_in_d="joined").discriminator
    x = torch.rand(1, 64).expand(3, -1)
    assert len(set(d(x, torch.arange(3)).flatten().tolist())) == 3
    labels = torch.arange(24) % 3
    with pytest.raises(ValueError, match=r"must return \(n, 1\) logits, got \(2, 2\)"):
        few(tiny(classes=3, labels_in_d="predicted"), labels=labels)
    with pytest.raises(ValueError, match=r"must return \(n, 2\) logits, got \(2, 1\)"):
        few(tiny(classes=3), labels=labels, objective=predicting(NON_SATURATING))
    with pytest.raises(ValueError, match="labels_in_d must be 'projected'"):
        tiny(classes=3, labels_in_d="hinted")


def test_styles_are_one_for_each_block_and_two_are_mixed_in_training_only():
    torch.manual_seed(0)
    generator = tiny(mapping=2).generator
    z = torch.randn(64, 3)
    w = generator.mapping(z)
    styles = w[:, None].expand(-1, len(generator.blocks), -1)
    plain = generator.drawn(styles)
    torch.testing.assert_close(generator.eval()(z), plain)
    mixed = generator.train()(z)
    changed = (mixed != plain).any(1).float().mean()
    assert 0.2 < changed < 0.9  # the crossing may come after the last block
    with torch.no_grad():  # what a mixed picture is: its own style first, its neighbour's after
        other = styles.roll(1, 0)
        possible = [
            generator.drawn(torch.cat([styles[:, :i], other[:, i:]], 1))
            for i in range(1, len(generator.blocks) + 1)
        ]
    gaps = torch.stack([(mixed - p).abs().amax(1) for p in possible])
    assert gaps.amin(0).max() < 1e-5


def test_a_style_scales_the_channels_of_its_block_and_no_other():
    generator = tiny(mapping=1).generator.eval()
    seen = []
    for block in generator.blocks:
        block.register_forward_pre_hook(lambda m, given: seen.append(given[0]))
    styles = torch.randn(2, len(generator.blocks), 3)
    generator.drawn(styles)
    first = generator.start * generator.scales[0](styles[:, 0])[..., None, None]
    torch.testing.assert_close(seen[0], first)
    expected = generator.blocks[0](first) * generator.scales[1](styles[:, 1])[..., None, None]
    torch.testing.assert_close(seen[1], expected)


def test_a_pair_with_a_mapping_network_trains_and_resumes(tmp_path):
    shots = [
        few(tiny(mapping=2), steps=steps, checkpoint=tmp_path / "a.pt", resume=True)
        for steps in (2, 4)
    ]
    whole = few(tiny(mapping=2), steps=4)
    assert torch.equal(shots[-1].sample(3), whole.sample(3))


@pytest.mark.parametrize("shape", [(1, 7, 7), (1, 15, 15)], ids=str)
def test_pictures_too_small_for_a_dcgan_are_named(shape):
    with pytest.raises(ValueError, match="cannot be halved once"):
        conv_pair(shape)
