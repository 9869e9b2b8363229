"""Generators as files: folding and rotation change nothing, rounding changes little, damage is noticed."""

import numpy as np
import pytest
import torch
from torch import nn

from gan_tutorial import recorded
from gan_tutorial._engine import cli
from gan_tutorial.networks import Affine, Conditional, mlp, mlp_pair
from recordings import generators
from recordings.__main__ import main


@pytest.fixture
def generator():
    """A small conditional generator whose batch norms have seen something."""
    pair = mlp_pair(16, 3, (8, 12, 8), (8,), norm=True, classes=4, seed=1)
    rng = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for module in pair.generator.modules():
            if isinstance(module, nn.BatchNorm1d):
                for tensor in (module.weight, module.bias, module.running_mean):
                    tensor.copy_(torch.randn(tensor.shape, generator=rng))
                module.running_var.copy_(torch.rand(module.running_var.shape, generator=rng) + 0.1)
    return pair.generator.eval()


@pytest.fixture
def batch():
    rng = torch.Generator().manual_seed(3)
    return torch.randn(50, 3, generator=rng), torch.arange(50) % 4


def test_folded_layers_are_the_generator(generator, batch):
    again = recorded.rebuild(generators.fold(generator), 4)
    torch.testing.assert_close(again(*batch), generator(*batch).detach())


def test_a_tanh_moved_to_pixels_is_a_logistic_function(batch):
    def output():
        return nn.Sequential(nn.Tanh(), Affine(0.5, 0.5))

    generator = mlp_pair(16, 3, (8,), (8,), output=output, classes=4, seed=1).generator
    again = recorded.rebuild(generators.fold(generator), 4)
    torch.testing.assert_close(again(*batch), generator(*batch).detach())


def test_sorting_by_influence_is_a_rotation_of_z(generator):
    layers = generators.fold(generator)
    turned = generators.by_influence(layers, 4)
    before, after = layers[0][0][:, :3], turned[0][0][:, :3]
    torch.testing.assert_close(before @ before.T, after @ after.T)  # the same covariance of Wz
    assert torch.equal(layers[0][0][:, 3:], turned[0][0][:, 3:])  # labels stay
    network = recorded.rebuild(turned, 4)
    rng = torch.Generator().manual_seed(0)
    z, y = torch.randn(2000, 3, generator=rng), torch.arange(2000) % 4
    moved = [(network(z + 1e-2 * e, y) - network(z, y)).square().sum() for e in torch.eye(3)]
    assert moved == sorted(moved, reverse=True)


def test_file_gives_the_weights_back_to_half_a_step(generator, batch):
    layers = generators.fold(generator)
    again = recorded.unpack_generator(generators.pack(layers, 4))
    linear = [m for m in again.modules() if isinstance(m, nn.Linear)]
    for module, (weight, bias) in zip(linear, layers, strict=True):
        step = weight.abs().amax(1, keepdim=True) / 127
        assert ((module.weight - weight).abs() <= 0.501 * step).all()
        np.testing.assert_allclose(module.bias, bias, rtol=1e-6)
    assert (again(*batch) - generator(*batch)).abs().max() < 0.05


def test_packing_what_was_unpacked_changes_no_weight_and_no_scale_beyond_rounding(generator):
    """A scale is stored once more after (127 scale) / 127: two roundings, and so one ε away at most."""
    content = generators.pack(generators.fold(generator), 4)
    again = generators.pack(generators.fold(recorded.unpack_generator(content)), 4)
    widths = [7, 8, 12, 8, 16]
    at = 12 + 4 * len(widths)
    floats = at + 4 * 2 * sum(widths[1:])
    assert content[:at] == again[:at]
    assert content[floats:] == again[floats:]
    before, after = (np.frombuffer(c[at:floats], "<f4") for c in (content, again))
    np.testing.assert_allclose(after, before, rtol=np.finfo(np.float32).eps, atol=0)


def test_damaged_files_are_refused(generator):
    content = generators.pack(generators.fold(generator), 4)
    for damaged in (content[:-1], content + b"\0", content[:40], content[:14], content[:6]):
        with pytest.raises(ValueError, match="bytes"):
            recorded.unpack_generator(damaged)
    with pytest.raises(ValueError, match="starts with b'GANG'"):
        recorded.unpack_generator(b"PNG" + content)


def test_what_has_no_place_in_the_file_is_named():
    with pytest.raises(ValueError, match=r"holds ReLU\(\)"):
        generators.fold(Conditional(mlp([7, 4, 4], hidden=nn.ReLU), 4))
    with pytest.raises(ValueError, match="embedding"):
        generators.fold(mlp_pair(16, 3, (8,), (8,), classes=4, embedding=2).generator)


@pytest.mark.parametrize(
    "options", [{"output": nn.Tanh}, {"hidden": lambda: nn.LeakyReLU(0.5)}], ids=["tanh", "slope"]
)
def test_another_activation_is_noticed(options):
    other = Conditional(mlp([7, 16, 16, 5], **{"output": nn.Sigmoid, **options}), 4)
    with torch.no_grad():
        for parameter in other.network.parameters():
            parameter.mul_(3)
    with pytest.raises(ValueError, match=r"pictures differ by .*slope 0\.2"):
        generators.fold(other.eval())


def test_unknown_generators_name_those_there_are():
    with pytest.raises(ValueError, match="conditional-long"):
        recorded.generator("conditional")
    assert recorded.generator().inputs == 32


def test_command_writes_the_averaged_generator_of_a_run(tmp_path, capsys):
    run = tmp_path / "run"
    changes = {"steps": 2, "every": 1, "batch_size": 8, "autocast": None}
    cli.run_training("conditional", run, seed=0, changes=changes)
    assert main(["generator", str(run), "--out", str(tmp_path)]) == 0
    path = tmp_path / "conditional-generator.bin"
    assert f"{path.stat().st_size:,} bytes" in capsys.readouterr().out
    again, generator = (
        recorded.generator("conditional", tmp_path),
        cli.trained(run).generator.eval(),
    )
    y = torch.arange(10)
    code = again.table(y)
    zero = torch.zeros(10, 32)  # a rotation leaves it where it is
    shipped, own = again.network(torch.cat([zero, code], 1)), generator(zero, y)
    assert (shipped - own).abs().max() < 0.02
    assert main(["generator", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_unconditional_runs_are_refused(tmp_path, capsys):
    changes = {"steps": 1, "every": 1, "batch_size": 8, "autocast": None}
    cli.run_training("mnist-short", tmp_path, seed=0, changes=changes)
    assert main(["generator", str(tmp_path)]) == 1
    assert "mnist-short has no conditional generator" in capsys.readouterr().err
