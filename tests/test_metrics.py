"""Labels: shares, confusions and class balance by counting, and a reader that can read real digits."""

import math

import pytest
import torch
from scipy import stats

from gan_tutorial import recorded
from gan_tutorial.data import flatten, load
from gan_tutorial.metrics import Share, class_balance, confusion, fit_classifier, label_agreement
from gan_tutorial.networks import Gaussian
from gan_tutorial.training import sample


@pytest.fixture(scope="module")
def reader():
    images, labels = load("mnist-10k")
    return fit_classifier(flatten(images), labels)


def test_reader_knows_at_least_95_percent_of_digits_it_has_not_seen(reader):
    images, labels = load("mnist-10k", split="test")
    share = label_agreement(labels, reader(flatten(images)))
    assert share.n == 1000
    assert share.mean - 2 * share.standard_error >= 0.95


def test_shipped_generator_obeys(reader):
    asked = torch.arange(500) % 10
    generator = recorded.generator()
    samples = sample(generator, Gaussian(generator.inputs), 500, labels=asked)
    share = label_agreement(asked, reader(samples))
    assert share.mean >= 0.95
    disobeyed = label_agreement(asked, reader(samples.roll(1, 0)))  # the next label's pictures
    assert disobeyed.mean < 0.05


def test_agreement_is_a_share_with_its_binomial_error():
    share = label_agreement(torch.tensor([1, 2, 3, 4]), torch.tensor([1, 2, 3, 0]))
    assert share.mean == 0.75
    assert share.standard_error == pytest.approx(math.sqrt(0.75 * 0.25 / 4))
    assert str(share) == "75.0 % ± 21.7 %"


@pytest.mark.parametrize("cases", [0, 1, 250, 1000])
def test_a_share_s_interval_is_wilson_s(cases):
    found = Share(cases / 1000, 1000).interval
    wilson = stats.binomtest(cases, 1000).proportion_ci(method="wilson")
    assert found == pytest.approx((wilson.low, wilson.high), abs=1e-5)  # 1.96 has three digits


def test_confusion_counts_by_asked_label():
    asked, read = torch.tensor([0, 0, 0, 1, 2]), torch.tensor([0, 0, 1, 1, 0])
    shares = confusion(asked, read, classes=4)
    assert shares[0].tolist() == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert shares[1].tolist() == [0, 1, 0, 0]
    assert shares[2].tolist() == [1, 0, 0, 0]
    assert shares[3].isnan().all()
    weighted = sum(shares[a, a] * n for a, n in enumerate((3, 1, 1)))
    assert label_agreement(asked, read).mean == pytest.approx(float(weighted) / 5)


def test_arguments_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"asked and read .*\(2,\) and \(3,\)"):
        label_agreement(torch.zeros(2), torch.zeros(3))
    with pytest.raises(ValueError, match="at least one"):
        confusion(torch.zeros(0), torch.zeros(0))
    with pytest.raises(ValueError, match="images and labels differ in number: 2 and 3"):
        fit_classifier(torch.zeros(2, 4), torch.zeros(3))


def test_class_balance_counts_what_was_read():
    labels = torch.tensor([0] * 50 + [1] * 30 + [2] * 20 + [-1] * 40)  # the unknown are left out
    read = torch.tensor([0] * 6 + [1] * 3 + [3])
    balance = class_balance(read, labels, classes=4)
    assert balance.counts.tolist() == [6, 3, 0, 1]
    assert balance.expected.tolist() == pytest.approx([0.5, 0.3, 0.2, 0])
    assert balance.n == 10
    assert balance.total_variation == pytest.approx((0.1 + 0 + 0.2 + 0.1) / 2)
    assert balance.covered() == 2  # 3 is no class of the data
    assert class_balance(read, labels).counts.tolist() == [6, 3, 0, 1]
    assert class_balance(read[:9], labels).expected.shape == (3,)


def test_a_class_is_drawn_from_a_tenth_of_its_share_on():
    labels = torch.arange(1000) % 10
    read = torch.cat([labels[labels != 7], torch.full((9,), 7)])  # 9 of 909: 0.099 of its tenth
    assert class_balance(read, labels).covered() == 9
    assert class_balance(torch.cat([read, torch.tensor([7, 7])]), labels).covered() == 10
    assert class_balance(read, labels).covered(least=0.05) == 10
    assert class_balance(read, labels).covered(least=2) == 0


def test_imbalance_by_chance_and_its_error_are_those_of_draws():
    rng = torch.Generator().manual_seed(0)
    shares, n = torch.tensor([0.4, 0.3, 0.2, 0.1]), 400
    labels = torch.bucketize(torch.arange(10), torch.tensor([3, 6, 8]))  # with exactly these shares
    for weights in (shares, torch.tensor([0.1, 0.2, 0.3, 0.4])):
        found = [
            class_balance(torch.multinomial(weights, n, True, generator=rng), labels)
            for _ in range(400)
        ]
        values = torch.tensor([one.total_variation for one in found])
        if weights is shares:
            assert float(values.mean()) == pytest.approx(found[0].null_total_variation, rel=0.1)
        else:
            assert float(values.mean()) == pytest.approx(0.4, abs=0.01)
            errors = torch.tensor([one.standard_error for one in found])
            assert float(errors.mean()) == pytest.approx(float(values.std()), rel=0.15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_balance(torch.rand(3), torch.arange(3)), "read must be whole numbers"),
        (lambda: class_balance(torch.arange(3), torch.zeros(3, 2).long()), r"labels .*\(3, 2\)"),
        (lambda: class_balance(torch.tensor([3]), torch.arange(3), 3), "read .* from 0 to 2"),
        (lambda: class_balance(torch.tensor([-1]), torch.arange(3)), "read .* from 0 to 2"),
        (
            lambda: class_balance(torch.arange(3), -torch.ones(3).long()),
            "labels must be one or more",
        ),
        (
            lambda: class_balance(torch.arange(3), torch.arange(3)).covered(0),
            "least must be above 0",
        ),
    ],
)
def test_labels_that_do_not_fit_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("asked", "read", "message"),
    [
        ([3, 3], [10, 3], "read must be from 0 to 9, got labels from 3 to 10"),
        ([-1, 3], [1, 3], "asked must be from 0 to 9, got labels from -1 to 3"),
    ],
)
def test_labels_outside_of_the_table_are_named(asked, read, message):
    with pytest.raises(ValueError, match=message):
        confusion(torch.tensor(asked), torch.tensor(read))
