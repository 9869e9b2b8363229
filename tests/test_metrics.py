"""Label obedience: shares and confusions by counting, and a reader that can read real digits."""

import math

import pytest
import torch

from gan_tutorial import recorded
from gan_tutorial.data import flatten, load
from gan_tutorial.metrics import confusion, fit_classifier, label_agreement
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
