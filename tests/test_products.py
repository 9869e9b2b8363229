"""`products.linear` is `torch.nn.functional.linear`: the value and every derivative."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from gan_tutorial import products
from gan_tutorial.products import Linear, linear


def tensors(n, inputs, outputs, *, seed=0):
    rng = torch.Generator().manual_seed(seed)
    shapes = (n, inputs), (outputs, inputs), (outputs,)
    return [torch.randn(shape, generator=rng).requires_grad_() for shape in shapes]


def close(found, expected):
    """Equal to float32's rounding of sums of a few hundred terms."""
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


@pytest.fixture
def always(monkeypatch):
    """Send products of any size to oneDNN, or skip where this PyTorch has none."""
    if not products.ONEDNN:
        pytest.skip("this PyTorch was built without oneDNN's linear layer")
    monkeypatch.setattr(products, "SMALLEST", 0)


@settings(deadline=None, max_examples=25)
@given(n=st.integers(1, 70), inputs=st.integers(1, 90), outputs=st.integers(1, 80))
def test_value_and_gradients_of_any_shape(n, inputs, outputs):
    x, weight, bias = tensors(n, inputs, outputs)
    slope = torch.randn(n, outputs, generator=torch.Generator().manual_seed(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(products, "SMALLEST", 0)
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


def test_oneDNN_is_what_computes_large_products(always):  # noqa: N802
    x, weight, bias = tensors(4, 5, 6)
    assert type(linear(x, weight, bias).grad_fn).__name__ == "_OneDNNBackward"
    for other in (x.double(), x[None]):  # what it cannot take goes the usual way
        y = linear(other, weight.to(other.dtype), bias.to(other.dtype))
        assert "OneDNN" not in type(y.grad_fn).__name__
        assert y.dtype == other.dtype
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(x, weight, bias).dtype == torch.bfloat16


def test_no_gradient_is_computed_that_nobody_asked_for(always):
    x, weight, bias = tensors(4, 5, 6)
    y = linear(x.detach(), weight, bias)
    assert [needed is not None for needed, _ in y.grad_fn.next_functions] == [False, True, True]


def test_layer_has_the_parameters_of_torch_nn_linear():
    torch.manual_seed(0)
    ours = Linear(7, 5)
    torch.manual_seed(0)
    theirs = torch.nn.Linear(7, 5)
    for name, parameter in theirs.named_parameters():
        assert torch.equal(dict(ours.named_parameters())[name], parameter)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(3, 7)
    assert torch.equal(ours(x), theirs(x))
    assert torch.equal(Linear(7, 5, bias=False)(x) == 0, torch.zeros(3, 5, dtype=torch.bool))
