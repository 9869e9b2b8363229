"""`onednn.linear` is `torch.nn.functional.linear`: the value and every derivative."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from gan_tutorial._engine import onednn
from gan_tutorial._engine.onednn import Linear, linear
from gan_tutorial.data import load
from gan_tutorial.networks import circulating_pair
from gan_tutorial.objectives import WGAN_GP
from gan_tutorial.optimizers import sgd
from gan_tutorial.training import train


def tensors(n, inputs, outputs, *, seed=0):
    rng = torch.Generator().manual_seed(seed)
    shapes = (n, inputs), (outputs, inputs), (outputs,)
    return [torch.randn(shape, generator=rng).requires_grad_() for shape in shapes]


def close(found, expected):
    """Equal to float32's rounding: n ε times the size, for sums of at most n = 100 terms that are
    products of draws from N(0, 1) or of such sums, and so together some 100 in size.
    """
    rounding = 100 * torch.finfo(torch.float32).eps
    torch.testing.assert_close(found, expected, rtol=rounding, atol=100 * rounding)


def forced(patch):
    """Send products of any size to oneDNN, whatever this processor is."""
    patch.setattr(onednn, "SMALLEST", 0)
    patch.setattr(onednn, "ONEDNN", onednn.AVAILABLE)


@pytest.fixture
def always(monkeypatch):
    """As `forced`, or skip where this PyTorch has no such onednn."""
    if not onednn.AVAILABLE:
        pytest.skip("this PyTorch was built without oneDNN's linear layer")
    forced(monkeypatch)


@settings(deadline=None, max_examples=25)
@given(n=st.integers(1, 70), inputs=st.integers(1, 90), outputs=st.integers(1, 80))
def test_value_and_gradients_of_any_shape(n, inputs, outputs):
    x, weight, bias = tensors(n, inputs, outputs)
    slope = torch.randn(n, outputs, generator=torch.Generator().manual_seed(1))
    with pytest.MonkeyPatch.context() as patch:
        forced(patch)
        found = linear(x, weight, bias)
        gradients = torch.autograd.grad(found, (x, weight, bias), slope)
    expected = functional.linear(x, weight, bias)
    close(found, expected)
    for ours, theirs in zip(
        gradients, torch.autograd.grad(expected, (x, weight, bias), slope), strict=True
    ):
        close(ours, theirs)


def test_second_derivatives_as_the_gradient_penalty_takes_them(always):
    x, weight, bias = tensors(6, 12, 9)
    (_, out, _) = tensors(6, 9, 1, seed=1)

    def penalty(layer):
        score = layer(torch.tanh(layer(x, weight, bias)), out)
        (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), (x, weight, out))

    for ours, theirs in zip(penalty(linear), penalty(functional.linear), strict=True):
        close(ours, theirs)


def products_asked_of_onednn(call):
    """How often `call` asks oneDNN for a product."""

    class Count(TorchDispatchMode):
        total = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.total += func._schema.name == "mkldnn::_linear_pointwise"
            return func(*args, **(kwargs or {}))

    with Count() as count:
        call()
    return count.total


def test_only_what_onednn_can_take_goes_there(always):
    x, weight, bias = tensors(4, 5, 6)
    assert products_asked_of_onednn(lambda: linear(x, weight, bias)) == 1
    for other in (x.double(), x[None]):
        y = []
        arguments = other, weight.to(other.dtype), bias.to(other.dtype)
        assert products_asked_of_onednn(lambda a=arguments, y=y: y.append(linear(*a))) == 0
        assert y[0].dtype == other.dtype
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(x, weight, bias).dtype == torch.bfloat16


@pytest.mark.parametrize(("wanted", "products_needed"), [((0,), 1), ((1, 2), 1), ((0, 1), 2)])
def test_no_product_is_computed_that_nobody_asked_for(always, wanted, products_needed):
    leaves = tensors(4, 5, 6)
    loss = linear(*leaves).square().sum()
    inputs = [leaves[i] for i in wanted]
    assert products_asked_of_onednn(lambda: torch.autograd.grad(loss, inputs)) == products_needed


def test_weights_changed_between_the_passes_are_noticed(always):
    """The error that protects from a gradient at weights which are no longer there."""
    x, weight, bias = tensors(4, 5, 6)
    loss = linear(x, weight, bias).sum()
    with torch.no_grad():
        weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(loss, x)


def test_without_gradients_there_is_no_graph(always):
    x, weight, bias = tensors(4, 5, 6)
    with torch.no_grad():
        assert not linear(x, weight, bias).requires_grad
    assert not linear(x.detach(), weight.detach()).requires_grad


def test_layer_has_the_parameters_of_torch_nn_linear():
    torch.manual_seed(0)
    ours = Linear(7, 5)
    torch.manual_seed(0)
    theirs = torch.nn.Linear(7, 5)
    for name, parameter in theirs.named_parameters():
        assert torch.equal(dict(ours.named_parameters())[name], parameter)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(3, 7)
    close(ours(x), theirs(x))
    assert torch.equal(Linear(7, 5, bias=False)(x) == 0, torch.zeros(3, 5, dtype=torch.bool))


def test_training_is_that_with_torchs_own_products(monkeypatch):
    """By plain gradient descent: Adam's first steps are signs, which rounding may turn around."""
    images = load("mnist-10k").images[:256]

    def losses(by_onednn):
        monkeypatch.setattr(onednn, "ONEDNN", by_onednn)
        options = {"objective": WGAN_GP, "critic_steps": 2, "steps": 4, "every": 4}
        optimizers = sgd(1e-3), sgd(1e-3)
        *_, last = train(circulating_pair(seed=0), images, optimizers=optimizers, **options)
        return torch.stack([last.history["discriminator"], last.history["penalty"]])

    rounding = 1024 * torch.finfo(torch.float32).eps  # the widest layer's sums
    plain = losses(by_onednn=False)
    torch.testing.assert_close(
        losses(by_onednn=onednn.AVAILABLE), plain, rtol=10 * rounding, atol=10 * rounding
    )


CPUINFO = "processor : 0\nvendor_id : {}\nmodel name : any\n"


@pytest.mark.parametrize(
    ("vendor", "capability", "pays"),
    [
        ("AuthenticAMD", "AVX512", True),
        ("AuthenticAMD", "AVX2", False),
        ("AuthenticAMD", "DEFAULT", False),
        ("GenuineIntel", "AVX512", False),
        (None, "AVX512", False),  # no /proc/cpuinfo: not Linux
    ],
)
def test_onednn_is_asked_where_it_pays(tmp_path, monkeypatch, vendor, capability, pays):
    monkeypatch.delenv("GAN_TUTORIAL_ONEDNN", raising=False)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    path = tmp_path / "cpuinfo"
    if vendor:
        path.write_text(CPUINFO.format(vendor))
    assert onednn.onednn_pays(path) is pays
    for word in "10":
        monkeypatch.setenv("GAN_TUTORIAL_ONEDNN", word)
        assert onednn.onednn_pays(path) is (word == "1")


def test_a_switch_that_is_neither_on_nor_off_is_named(monkeypatch):
    monkeypatch.setenv("GAN_TUTORIAL_ONEDNN", "yes")
    with pytest.raises(ValueError, match=r"GAN_TUTORIAL_ONEDNN must be 0 or 1 .* got 'yes'"):
        onednn.onednn_pays()
