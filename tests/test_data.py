"""Every loader reads small files of its data set's true format, and damage is named."""

import csv
import gzip
import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from scipy.io import savemat

from gan_tutorial import data


@pytest.fixture
def pixels():
    def draw(*shape):
        return np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)

    return draw


def write_idx(path, array):
    """An IDX file, written from its published description."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + array.tobytes())


def write_mnist(root, folder, train, test):
    for prefix, (images, labels) in {"train": train, "t10k": test}.items():
        write_idx(root / folder / "raw" / f"{prefix}-images-idx3-ubyte", images)
        write_idx(root / folder / "raw" / f"{prefix}-labels-idx1-ubyte", labels)


# --- the embedded digits -------------------------------------------------------------------------


def test_embedded_splits_are_the_stated_rows_of_the_file():
    raw = gzip.decompress((data.EMBEDDED / "images-idx3-ubyte.gz").read_bytes())
    rows = torch.frombuffer(bytearray(raw[16:]), dtype=torch.uint8).view(10000, 1, 28, 28)
    for split, (start, stop) in {
        "train": (0, 8000),
        "validation": (8000, 9000),
        "test": (9000, 10000),
    }.items():
        images, labels = data.load("mnist-10k", split)
        assert images.dtype == torch.uint8
        assert torch.equal(images, rows[start:stop])
        assert labels.dtype == torch.int64
        assert labels.shape == (stop - start,)


def test_embedded_class_counts_are_those_of_the_readme():
    labels = torch.cat([data.load("mnist-10k", split).labels for split in data.EMBEDDED_SPLITS])
    expected = [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]
    assert torch.bincount(labels).tolist() == expected


def test_checksums_are_those_beside_the_files():
    readme = (data.EMBEDDED / "README.md").read_text()
    for file, checksum in data.CHECKSUMS.items():
        assert f"{file}  {checksum}" in readme


def test_portraits_are_held_out_by_combination_and_never_by_value():
    """The split as its README states it, and what each number of a label means."""
    splits = {name: data.load("emoji-faces", name) for name in ("train", "validation", "test")}
    assert [len(part.images) for part in splits.values()] == [618, 72, 72]
    names = data.attributes("emoji-faces")
    assert [len(values) for values in names.values()] == [3, 50, 6]
    with (data.FACES / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with np.load(data.FACES / "emoji-faces.npz") as file:
        expected = {
            image.tobytes(): tuple(row[name] for name in names)
            for image, row in zip(file["images"], rows, strict=True)
        }
    assert len(expected) == 762
    found, of_split = {}, {}
    for split, (images, labels) in splits.items():
        assert images.shape[1:] == (3, 32, 32)
        words = [
            tuple(v[i] for v, i in zip(names.values(), row, strict=True)) for row in labels.tolist()
        ]
        found |= {
            image.permute(1, 2, 0).numpy().tobytes(): w
            for image, w in zip(images, words, strict=True)
        }
        of_split[split] = set(words)
    assert found == expected
    assert sum(map(len, of_split.values())) == 762  # no three values stand twice
    for i, values in enumerate(names.values()):
        assert {words[i] for words in of_split["train"]} == set(values)
    counts = Counter(words[1] for words in found.values())
    assert all(counts[w[1]] == 18 for s in ("validation", "test") for w in of_split[s])
    drawn = np.random.default_rng(0).permutation(
        [i for i, row in enumerate(rows) if counts[row["role"]] == 18]
    )
    held = {tuple(rows[i][name] for name in names) for i in drawn[:72]}
    assert held == of_split["test"]


def test_portraits_checksums_are_those_beside_the_files(tmp_path, monkeypatch):
    readme = (data.FACES / "README.md").read_text()
    for file, checksum in data.FACES_CHECKSUMS.items():
        assert f"{file}" in readme
        assert checksum in readme
        assert hashlib.sha256((data.FACES / file).read_bytes()).hexdigest() == checksum
    shutil.copytree(data.FACES, tmp_path / "copy")
    (tmp_path / "copy" / "labels.csv").write_text("who,role,tone")
    monkeypatch.setattr(data, "FACES", tmp_path / "copy")
    with pytest.raises(ValueError, match=r"labels\.csv is damaged"):
        data.load("emoji-faces")


@pytest.mark.parametrize("file", list(data.CHECKSUMS))
@pytest.mark.parametrize("damage", ["one flipped bit", "truncated", "empty"])
def test_damaged_embedded_file_names_itself_and_both_checksums(tmp_path, monkeypatch, file, damage):
    shutil.copytree(data.EMBEDDED, tmp_path / "copy")
    path = tmp_path / "copy" / file
    content = bytearray(path.read_bytes())
    if damage == "one flipped bit":
        content[len(content) // 2] ^= 1
    else:
        content = content[: len(content) // 2 if damage == "truncated" else 0]
    path.write_bytes(content)
    monkeypatch.setattr(data, "EMBEDDED", path.parent)
    with pytest.raises(ValueError, match="damaged") as error:
        data.load("mnist-10k")
    for part in (str(path), data.CHECKSUMS[file], hashlib.sha256(content).hexdigest()):
        assert part in str(error.value)


def test_missing_embedded_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "EMBEDDED", tmp_path)
    with pytest.raises(FileNotFoundError, match="images-idx3-ubyte"):
        data.load("mnist-10k")


def test_embedded_digits_need_no_torchvision_and_no_scipy():
    code = (
        "import sys; from gan_tutorial import data; data.load('mnist-10k');"
        "bad = {'torchvision', 'scipy', 'PIL'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- names, splits, pixels -----------------------------------------------------------------------


def test_unknown_name_lists_the_names():
    with pytest.raises(
        ValueError,
        match=r"name='minst'.*mnist-10k, emoji-faces, mnist, fashion-mnist, cifar10, tfd",
    ):
        data.load("minst")


@pytest.mark.parametrize("name", list(data.SOURCES))
def test_unknown_split_lists_the_splits(name, tmp_path):
    with pytest.raises(ValueError, match=r"split='valid'.*train, validation, test"):
        data.load(name, "valid", root=tmp_path, download=False)


def test_flatten_maps_black_and_white_to_the_asked_range(pixels):
    images = torch.from_numpy(pixels(5, 3, 4, 4))
    x = data.flatten(images)
    assert x.shape == (5, 48)
    assert x.dtype == torch.float32
    expected = torch.from_numpy(images.numpy().reshape(5, 48) / 255)
    eps = torch.finfo(torch.float32).eps  # rounded twice, by ε/2 each time: 1/255 and the product
    torch.testing.assert_close(x.double(), expected, rtol=eps, atol=0)
    torch.testing.assert_close(data.flatten(images, -1.0, 1.0), 2 * x - 1, rtol=0, atol=4 * eps)
    with pytest.raises(ValueError, match="float32"):
        data.flatten(x)


# --- torchvision's data sets, from files this test writes ----------------------------------------


@pytest.mark.parametrize(
    ("name", "folder"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")]
)
def test_idx_files(name, folder, tmp_path, pixels):
    images, labels = pixels(24, 28, 28), pixels(24) % 10
    test_images, test_labels = pixels(7, 28, 28), pixels(7) % 10
    write_mnist(tmp_path, folder, (images, labels), (test_images, test_labels))
    for split, expected_images, expected_labels in [
        ("train", images[:20], labels[:20]),
        ("validation", images[20:], labels[20:]),
        ("test", test_images, test_labels),
    ]:
        found = data.load(name, split, root=tmp_path, download=False)
        assert found.images.dtype == torch.uint8
        assert found.labels.dtype == torch.int64
        assert np.array_equal(found.images.numpy(), expected_images[:, None])
        assert np.array_equal(found.labels.numpy(), expected_labels)


def test_truncated_idx_file_names_its_folder(tmp_path, pixels):
    part = (pixels(24, 28, 28), pixels(24) % 10)
    write_mnist(tmp_path, "MNIST", part, part)
    path = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"MNIST is incomplete or damaged"):
        data.load("mnist", root=tmp_path)


def test_cifar_pickles(tmp_path, pixels, monkeypatch):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    rows, labels = pixels(20, 3072), (pixels(20) % 10).tolist()
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    contents = {
        name: {"data": rows[3 * i : 3 * i + 3], "labels": labels[3 * i : 3 * i + 3]}
        for i, name in enumerate(names)
    } | {"batches.meta": {"label_names": list("abcdefghij")}}
    sums = {}
    for name, content in contents.items():
        (folder / name).write_bytes(pickle.dumps(content))
        sums[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()
    cifar = data.import_torchvision("this test").datasets.CIFAR10
    monkeypatch.setattr(cifar, "train_list", [[name, sums[name]] for name in names[:5]])
    monkeypatch.setattr(cifar, "test_list", [[names[5], sums[names[5]]]])
    monkeypatch.setattr(cifar, "meta", cifar.meta | {"md5": sums["batches.meta"]})

    for split, part in {
        "train": slice(0, 14),
        "validation": slice(14, 15),
        "test": slice(15, 18),
    }.items():
        images, found = data.load("cifar10", split, root=tmp_path, download=False)
        assert np.array_equal(images.numpy(), rows[part].reshape(-1, 3, 32, 32))
        assert found.tolist() == labels[part]

    (folder / "data_batch_3").write_bytes(b"half a file")
    with pytest.raises(ValueError, match="cifar-10-batches-py is incomplete or damaged"):
        data.load("cifar10", root=tmp_path)


def test_missing_files_without_download_point_to_the_embedded_digits(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"download=True.*mnist-10k"):
        data.load("mnist", root=tmp_path, download=False)
    assert list(tmp_path.iterdir()) == []


def test_failed_download_teaches_and_leaves_nothing_behind(tmp_path, monkeypatch, pixels):
    mnist = data.import_torchvision("this test").datasets.MNIST

    def break_off(self):  # one whole-looking file is there when the network goes away
        write_mnist(self.root, "MNIST", *2 * [(pixels(3, 28, 28), pixels(3))])
        raise RuntimeError("Tried a mirror, got: <urlopen error>")

    monkeypatch.setattr(mnist, "download", break_off)
    with pytest.raises(ConnectionError, match=r"MNIST.*urlopen error.*load\('mnist-10k'\)"):
        data.load("mnist", root=tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []


def test_download_appears_under_its_name_only_when_whole(tmp_path, monkeypatch, pixels):
    mnist = data.import_torchvision("this test").datasets.MNIST
    part = (pixels(6, 28, 28), pixels(6) % 10)

    def download(self):
        assert not (tmp_path / "MNIST").exists()
        write_mnist(self.root, "MNIST", part, part)
        assert not (tmp_path / "MNIST").exists()

    monkeypatch.setattr(mnist, "download", download)
    assert data.load("mnist", "test", root=tmp_path).images.shape == (6, 1, 28, 28)
    assert os.listdir(tmp_path) == ["MNIST"]


# --- the Toronto Face Database -------------------------------------------------------------------


def test_tfd_mat_file(tmp_path, pixels):
    images = pixels(9, 48, 48)
    folds = np.ones((9, 5), dtype=np.uint8)
    folds[:, 0] = [0, 1, 2, 3, 0, 1, 2, 3, 1]
    labels = np.array([-1, 1, 2, 3, -1, 7, 6, 5, 4], dtype=np.int16)[:, None]
    contents = {"images": images, "labs_ex": labels, "labs_id": labels, "folds": folds}
    savemat(tmp_path / data.TFD_FILE, contents, do_compression=True)
    for code, split in enumerate(["unlabeled", "train", "validation", "test"]):
        found = data.load("tfd", split, root=tmp_path)
        rows = np.flatnonzero(folds[:, 0] == code)
        assert np.array_equal(found.images.numpy(), images[rows, None])
        expected = [-1, -1] if split == "unlabeled" else (labels[rows, 0] - 1).tolist()
        assert found.labels.tolist() == expected


def test_tfd_missing_or_foreign(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"TFD_48x48.mat.*not public.*mnist-10k"):
        data.load("tfd", root=tmp_path)
    (tmp_path / data.TFD_FILE).write_bytes(b"not a mat file" * 100)
    with pytest.raises(ValueError, match=r"TFD_48x48.mat is not a whole TFD file"):
        data.load("tfd", root=tmp_path)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_tensors_are_born_on_the_device():
    images, labels = data.load("mnist-10k", "test", device="cuda")
    assert images.is_cuda
    assert labels.is_cuda
    assert data.flatten(images).is_cuda
