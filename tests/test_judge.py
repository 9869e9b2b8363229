"""Judges: the one of the digits reads them and sees what classes share; others are made by the same code."""

import json

import pytest
import torch
from torch import nn

from gan_tutorial import recorded
from gan_tutorial.data import Images, flatten, load
from gan_tutorial.metrics import (
    Judge,
    JudgeNetwork,
    fit_judge,
    label_agreement,
    untrained_judge,
)
from gan_tutorial.metrics.judge import _moved
from recordings import judges
from recordings.__main__ import main


@pytest.fixture(scope="module")
def judge():
    return recorded.judge("mnist-10k")


@pytest.mark.parametrize("split", ["validation", "test"])
def test_it_reads_digits_that_it_has_not_seen(judge, split):
    """At least 98.5 % of them, as bytes, as its note says."""
    images, labels = load("mnist-10k", split)
    share = label_agreement(labels, judge.classify(flatten(images)))
    (noted,) = judge.note["accuracy"][split]
    assert share.mean >= 0.985
    assert share.mean == pytest.approx(noted["mean"], abs=0.002)  # two that rounding decides
    assert noted["n"] == 1000
    assert noted["standard_error"] == pytest.approx(share.standard_error, abs=1e-3)


def test_its_features_are_what_its_head_reads(judge):
    rows = flatten(load("mnist-10k", "test").images[:700])  # more than it looks at in one go
    features, labels = judge.look(rows)
    assert features.shape == (700, 64)
    assert features.dtype == torch.float32
    assert (judge.network.head(features).argmax(1) == labels).all()
    torch.testing.assert_close(judge.features(rows), features, rtol=1e-4, atol=1e-4)
    assert features.std(0).min() > 0  # no unit is dead, or a covariance would be singular


def test_what_one_row_is_does_not_depend_on_the_others(judge):
    rows = flatten(load("mnist-10k", "test").images[:20])
    alone = torch.cat([judge.features(row[None]) for row in rows])
    torch.testing.assert_close(judge.features(rows), alone, rtol=1e-4, atol=1e-4)
    judge.network.train()
    try:
        torch.testing.assert_close(judge.features(rows), alone, rtol=1e-4, atol=1e-4)
    finally:
        judge.network.eval()


def test_digits_of_a_class_lie_together(judge):
    """In features the nearest of 999 others has the same label more often than in pixels."""
    images, labels = load("mnist-10k", "test")

    def agreement(x):
        squares = torch.cdist(x, x).fill_diagonal_(torch.inf)
        return (labels[squares.argmin(1)] == labels).double().mean()

    assert agreement(judge.features(flatten(images))) > 0.97 > agreement(flatten(images))


def test_a_judge_says_what_it_takes(judge):
    with pytest.raises(
        ValueError, match=r"rows must be \(n, 784\), pictures of 1 x 28 x 28; got \(2,"
    ):
        judge.features(torch.rand(2, 783))
    assert judge.features(torch.rand(0, 784)).shape == (0, 64)
    with pytest.raises(ValueError, match=r"'judge-mnist-11k' is not recorded; .*judge-mnist-10k"):
        recorded.judge("mnist-11k")


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 5, 4), (3, 6, 5), (1, 1, 1)])
def test_an_untrained_judge_sees_pictures_of_any_size_and_reads_none(shape):
    rows = torch.rand(7, shape[0] * shape[1] * shape[2])
    judge = untrained_judge(shape, width=4)
    assert judge.features(rows).shape == (7, 16)
    assert not judge.reads
    assert judge.look(rows)[1] is None
    assert torch.equal(judge.features(rows), untrained_judge(shape, width=4).features(rows))
    assert not torch.equal(
        judge.features(rows), untrained_judge(shape, width=4, seed=1).features(rows)
    )
    with pytest.raises(ValueError, match=r"'random network \(seed 0\)' was not trained"):
        judge.classify(rows)


def coloured(n, seed=0):
    """Colour pictures with two attributes: which channel is bright (3), and in which half (2)."""
    rng = torch.Generator().manual_seed(seed)
    colour = torch.randint(3, (n,), generator=rng)
    half = torch.randint(2, (n,), generator=rng)
    images = torch.randint(0, 60, (n, 3, 10, 10), generator=rng, dtype=torch.uint8)
    for image, c, h in zip(images, colour, half, strict=True):
        image[c, 5 * h : 5 * h + 5] += 150
    return images, torch.stack([colour, half], 1)


@pytest.fixture(scope="module")
def of_colours():
    return fit_judge(*coloured(300), width=4, epochs=20, shift=0, turn=0, mirror=True)


def test_several_attributes_are_learnt_at_once(of_colours):
    images, labels = coloured(200, seed=1)
    read = of_colours.classify(flatten(images))
    assert read.shape == (200, 2)
    assert ((read == labels).double().mean(0) > 0.9).all()
    assert of_colours.network.classes == (3, 2)


def test_training_is_its_seed_s_alone():
    images, labels = coloured(60)
    before = torch.random.get_rng_state()
    options = {"width": 2, "epochs": 1}
    states = [
        fit_judge(images, labels[:, 0], seed=seed, **options).network.state_dict()
        for seed in (0, 0, 1)
    ]
    assert torch.equal(before, torch.random.get_rng_state())
    same, other = (
        all(torch.equal(a, b) for a, b in zip(states[0].values(), s.values(), strict=True))
        for s in states[1:]
    )
    assert same
    assert not other


def test_moving_keeps_a_picture_where_nothing_moves_and_stays_within_its_bounds():
    rng = torch.Generator().manual_seed(0)
    pictures = torch.rand(5, 2, 9, 9)
    still = _moved(pictures, 0, 0, False, rng)
    torch.testing.assert_close(still, pictures, rtol=0, atol=1e-5)
    mirrored = _moved(pictures, 0, 0, True, rng)
    for one, before in zip(mirrored, pictures, strict=True):
        kept = [torch.allclose(one, x, atol=1e-5) for x in (before, before.flip(2))]
        assert sum(kept) == 1
    point = torch.zeros(400, 1, 9, 9)
    point[:, 0, 4, 4] = 1
    moved = _moved(point, 2, 0, False, rng)
    places = torch.arange(9.0)
    for along in (2, 3):
        centre = (moved.sum(5 - along)[:, 0] * places).sum(1)
        assert centre.min() >= 2 - 1e-4
        assert centre.max() <= 6 + 1e-4
        assert centre.std() == pytest.approx(2 / 3**0.5, rel=0.15)  # uniform on ±2
    flat = torch.full((3, 1, 9, 9), 0.7)
    torch.testing.assert_close(_moved(flat, 3, 0.5, True, rng), flat)  # no black comes in


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            torch.rand(4, 1, 5, 5),
            torch.zeros(4).long(),
            "images must be two or more .* torch.float32",
        ),
        (torch.zeros(4, 25).byte(), torch.zeros(4).long(), r"images must .* \(4, 25\)"),
        (torch.zeros(4, 1, 5, 5).byte(), torch.zeros(3).long(), r"n = 4, got torch.int64 \(3, 1\)"),
        (torch.zeros(4, 1, 5, 5).byte(), torch.zeros(4), "labels must be whole numbers"),
        (torch.zeros(4, 1, 5, 5).byte(), torch.arange(4) - 1, "labels must be from 0 on, got -1"),
    ],
)
def test_what_cannot_be_learnt_from_is_named(images, labels, message):
    with pytest.raises(ValueError, match=message):
        fit_judge(images, labels)


def test_the_command_makes_a_judge_that_is_read_back(tmp_path, monkeypatch, capsys):
    """Of any data set, with attributes too; its accuracy is that of the bytes."""

    def parts(data, split="train", root="data"):
        assert (data, root) == ("colours", "here")
        images, labels = coloured(
            *{"train": (300, 0), "validation": (50, 1), "test": (60, 2)}[split]
        )
        return Images(images, labels)

    monkeypatch.setattr(judges, "load", parts)
    words = ["judge", "--data", "colours", "--root", "here", "--width", "3", "--epochs", "12"]
    threads = torch.get_num_threads()
    try:
        assert main([*words, "--seed", "5", "--out", str(tmp_path)]) == 0
    finally:
        torch.set_num_threads(threads)
    assert "judge-colours.npz" in capsys.readouterr().out
    judge, note = (
        recorded.judge("colours", tmp_path),
        json.loads((tmp_path / "judge-colours.json").read_text()),
    )
    assert (judge.name, judge.network.shape, judge.network.classes) == (
        "judge-colours",
        (3, 10, 10),
        (3, 2),
    )
    assert note["command"].endswith("judge --data colours --width 3 --epochs 12 --seed 5")
    assert (note["rows"], note["seed"]) == (300, 5)
    images, labels = coloured(60, 2)
    shares = (judge.classify(flatten(images)) == labels).double().mean(0)
    assert [one["mean"] for one in note["accuracy"]["test"]] == pytest.approx(shares.tolist())
    assert [one["n"] for one in note["accuracy"]["validation"]] == [50, 50]
    weights = [m.weight for m in judge.network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for weight in weights:  # whole multiples of a scale for each unit, at most 127
        flat = weight.flatten(1).double()
        scale = flat.abs().amax(1, keepdim=True) / 127
        torch.testing.assert_close(flat / scale, (flat / scale).round(), rtol=0, atol=1e-3)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_cuda_sees_and_learns_the_same():
    rows = flatten(load("mnist-10k", "test").images)
    judge = recorded.judge("mnist-10k")
    here = judge.features(rows)
    there = judge.features(rows.cuda())
    assert there.is_cuda
    torch.testing.assert_close(there.cpu(), here, rtol=1e-2, atol=1e-2)  # TF32 in convolutions
    pictures, attributes = coloured(300)
    learnt = fit_judge(pictures.cuda(), attributes.cuda(), width=4, epochs=20, shift=0, turn=0)
    assert learnt.classify(flatten(pictures.cuda())).is_cuda


def test_a_judge_of_any_network_of_the_kind():
    """Readers bring their own: the class is public, and names itself."""
    judge = Judge(JudgeNetwork((1, 8, 8), (4,), 2))
    assert judge.classify(torch.rand(3, 64)).shape == (3,)
    assert judge.name == "judge"


def test_a_turn_is_a_turn_in_pictures_that_are_not_square_too():
    """A line along the wide side rises by the tangent of the angle, up to the shear that is drawn with it."""
    picture = torch.zeros(1, 1, 20, 60)
    picture[..., 9:11, :] = 1
    rng = torch.Generator().manual_seed(3)
    moved = _moved(picture.expand(200, 1, 20, 60), 0, 0.2, False, rng)[:, 0]
    rows = torch.arange(20.0)[:, None]
    height = (moved * rows).sum(1) / moved.sum(1).clamp(min=1e-6)
    rise = (height[:, 40] - height[:, 20]) / 20
    # uniform on ±0.2, beside a scale of 1 ± 0.1
    assert rise.std() == pytest.approx(0.2 / 3**0.5, rel=0.2)
