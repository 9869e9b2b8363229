"""A folder of anybody's pictures: every kind of file, what is broken, what is kept, and what is told."""

import errno
import json
import os
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from gan_tutorial import data
from gan_tutorial.__main__ import main

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def save(path, color=RED, size=(40, 40), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, color).save(path, **options)


def noise(path, n, size=32):
    """n different pictures."""
    for i in range(n):
        pixels = np.random.default_rng(i).integers(0, 256, (size, size, 3), dtype=np.uint8)
        path.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path / f"{i}.png")


def only(folder, **options):
    """The one picture in a folder, (c, h, w)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "all of its 1 pictures|.*all of its 1 pictures")
        images, _ = data.load_folder(folder, **options)
    assert len(images) == 1
    return images[0]


@pytest.mark.parametrize("ending", ["png", "jpg", "JPEG", "webp", "bmp", "gif", "tiff"])
def test_every_kind_of_file_is_read(tmp_path, ending):
    save(tmp_path / f"a.{ending}")
    assert (only(tmp_path).float() - torch.tensor(RED).view(3, 1, 1)).abs().max() <= 3


def test_names_with_spaces_and_hangul_and_folders_in_folders(tmp_path):
    save(tmp_path / "나의 사진" / "그림 하나.png")
    save(tmp_path / "나의 사진" / "더" / "둘.png", BLUE)
    save(tmp_path / ".hidden" / "three.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert len(data.load_folder(tmp_path).images) == 2


def test_a_picture_is_turned_as_its_camera_says(tmp_path):
    image = Image.new("RGB", (40, 40), RED)
    image.paste(GREEN, (0, 0, 40, 20))  # green above
    exif = image.getexif()
    exif[0x0112] = 3  # it was held upside down
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    top = only(tmp_path)[:, 4].float().mean(1)
    assert top[0] > 200 > 50 > top[1]


@pytest.mark.parametrize(("background", "expected"), [(255, (255, 255, 255)), (BLUE, BLUE)])
@pytest.mark.parametrize("kind", ["RGBA", "LA", "palette"])
def test_what_is_transparent_shows_the_background(tmp_path, kind, background, expected):
    if kind == "palette":
        image = Image.new("P", (40, 40), 0)
        image.putpalette([9, 9, 9, 200, 200, 200])
        image.save(tmp_path / "a.png", transparency=0)
    else:
        save(tmp_path / "a.png", (9, 0) if kind == "LA" else (9, 9, 9, 0), mode=kind)
    assert only(tmp_path, background=background)[:, 5, 5].tolist() == list(expected)


def test_sixteen_bits_keep_their_shades(tmp_path):
    shades = np.linspace(0, 65535, 32).astype(np.uint16)[None].repeat(32, 0)
    Image.fromarray(shades).save(tmp_path / "a.png")
    found = only(tmp_path, channels=1)[0, 0].float()
    torch.testing.assert_close(found, torch.linspace(0, 255, 32), atol=1, rtol=0)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "1"])
def test_modes_become_colours(tmp_path, mode):
    save(tmp_path / "a.tiff", 0 if mode != "CMYK" else (0, 0, 0, 255), mode=mode)
    assert only(tmp_path).max() == 0
    assert only(tmp_path, channels=1).shape == (1, 32, 32)


def test_a_wide_picture_shows_its_middle_or_is_padded(tmp_path):
    image = Image.new("RGB", (60, 20), RED)
    image.paste(GREEN, (20, 0, 40, 20))
    image.save(tmp_path / "a.png")
    middle, whole = only(tmp_path, size=20), only(tmp_path, size=30, pad=True, background=BLUE)
    assert (middle == torch.tensor(GREEN).view(3, 1, 1)).all()
    assert whole[:, 0, 15].tolist() == list(BLUE)
    assert whole[:, 15, 2].tolist() == list(RED)
    assert only(tmp_path, size=(16, 24)).shape == (3, 16, 24)


def test_the_first_folder_is_the_label(tmp_path):
    for i, name in enumerate(("cat", "ape", "dog")):
        for j in range(3):
            save(tmp_path / name / "more" / f"{j}.png", (80 * i, j, 0))
    images, labels = data.load_folder(tmp_path, classes=True)
    order = {0: 80, 1: 0, 2: 160}  # ape, cat, dog
    assert [int(image[0, 0, 0]) for image in images] == [order[y] for y in labels.tolist()]
    assert torch.bincount(labels).tolist() == [3, 3, 3]
    save(tmp_path / "loose.png")
    with pytest.raises(ValueError, match=r"classes: loose\.png lies in no folder"):
        data.load_folder(tmp_path, classes=True)


def test_broken_files_are_named_and_left_out_or_refused(tmp_path):
    noise(tmp_path, 3)
    for i in range(7):
        (tmp_path / f"broken {i}.jpg").write_bytes(b"\xff\xd8 no picture")
    whole = (tmp_path / "0.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    for _ in range(2):  # the second time from what was kept
        with pytest.warns(
            UserWarning, match=r"8 of 11 pictures in .*broken \d\.jpg \(.*; …\. They are"
        ):
            assert len(data.load_folder(tmp_path).images) == 3
        with pytest.raises(ValueError, match=r"8 of 11 pictures .* cannot be read"):
            data.load_folder(tmp_path, strict=True)


def test_only_broken_files_are_an_error(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"1 of 1 pictures .* cannot be read: a\.png"):
        data.load_folder(tmp_path)


def test_what_was_read_is_kept_until_a_file_changes(tmp_path, monkeypatch):
    noise(tmp_path, 5)
    first = data.load_folder(tmp_path).images.clone()
    kept = sorted((tmp_path / data.Path(".gan-tutorial")).glob("[!.]*"))
    assert [path.suffix for path in kept] == [".json", ".npy"]

    def fail(self, path):
        raise AssertionError("read again")

    with monkeypatch.context() as patched:
        patched.setattr("gan_tutorial._engine.folder.Fit.read", fail)
        assert torch.equal(data.load_folder(tmp_path).images, first)
    save(tmp_path / "0.png", BLUE)
    changed = data.load_folder(tmp_path).images
    assert not torch.equal(changed, first)
    assert len(list((tmp_path / ".gan-tutorial").glob("[!.]*"))) == 2  # the old array has gone
    data.load_folder(tmp_path, size=16)
    assert len(list((tmp_path / ".gan-tutorial").glob("[!.]*"))) == 4  # another size beside it


@pytest.mark.parametrize("left", [0, 40])
def test_a_damaged_keep_is_made_anew(tmp_path, left):
    noise(tmp_path, 5)
    first = data.load_folder(tmp_path).images.clone()
    for path in (tmp_path / ".gan-tutorial").glob("[!.]*"):
        path.write_bytes(path.read_bytes()[:left])
    assert torch.equal(data.load_folder(tmp_path).images, first)


def test_pictures_stay_on_the_disk(tmp_path):
    """Mapped, and so are the splits: indexing them reads, loading them does not."""
    noise(tmp_path, 40)
    data.load(str(tmp_path))
    splits = {
        split: data.load(str(tmp_path), split).images for split in ("train", "validation", "test")
    }
    assert [len(images) for images in splits.values()] == [32, 4, 4]
    array = np.load(next((tmp_path / ".gan-tutorial").glob("*.npy")), mmap_mode="r")
    rows = {image.numpy().tobytes() for images in splits.values() for image in images}
    assert rows == {image.tobytes() for image in array}
    assert len(rows) == 40
    with open("/proc/self/maps") as maps:
        assert str(next((tmp_path / ".gan-tutorial").glob("*.npy"))) in maps.read()


def test_where_nothing_can_be_kept_the_pictures_are_read_with_a_warning(tmp_path):
    noise(tmp_path, 3)
    (tmp_path / ".gan-tutorial").write_text("in the way")
    with pytest.warns(UserWarning, match="read into memory, and anew each time"):
        assert len(data.load_folder(tmp_path).images) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size must be from 4 to 1024"),
        ({"size": (32, 32, 3)}, "size must be"),
        ({"size": "32"}, "size must be"),
        ({"channels": 4}, "channels must be 1 or 3, got 4"),
        ({"background": 256}, "background must be from 0 to 255"),
        ({"background": (0, 0)}, "background must be"),
    ],
)
def test_arguments_that_do_not_fit_are_named(tmp_path, options, message):
    noise(tmp_path, 2)
    with pytest.raises(ValueError, match=message):
        data.load_folder(tmp_path, **options)


def test_folders_that_are_none_or_empty_are_named(tmp_path):
    with pytest.raises(ValueError, match="is not a folder of pictures"):
        data.load(str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"holds no pictures \(\.png, \.jpg"):
        data.load(str(tmp_path))
    with pytest.raises(
        ValueError, match="size: only a folder of pictures takes it, not 'mnist-10k'"
    ):
        data.load("mnist-10k", size=32)


def test_few_or_equal_pictures_are_told(tmp_path):
    save(tmp_path / "one" / "a.png")
    with pytest.warns(UserWarning, match="all of its 1 pictures are the same"):
        data.load_folder(tmp_path / "one")
    for i in range(3):
        save(tmp_path / "same" / f"{i}.png")
    with pytest.warns(UserWarning, match="all of its 3 pictures are the same"):
        data.load_folder(tmp_path / "same")
    noise(tmp_path / "few", 8)
    with pytest.raises(
        ValueError, match="holds 8 pictures; at least 20 are needed to hold some out for test"
    ):
        data.load(str(tmp_path / "few"), "test")


@pytest.mark.filterwarnings("ignore:.*fewer than a batch")
def test_a_folder_trains_samples_resumes_and_is_evaluated_from_the_command_line(
    tmp_path, monkeypatch, capsys
):
    noise(tmp_path / "my 사진", 80, size=16)
    monkeypatch.chdir(tmp_path)
    train = ["train", "--recipe", "faces", "--data", "my 사진", "--size", "16", "--out", "run"]
    assert main([*train, "--steps", "1", "--batch-size", "4"]) == 0
    monkeypatch.chdir(tmp_path / "my 사진")  # data and run are found from elsewhere
    assert main(["sample", "../run", "--count", "4", "--out", "../grid.png"]) == 0
    again = ["train", "--recipe", "faces", "--data", ".", "--size", "16", "--out", "../run"]
    assert main([*again, "--steps", "2", "--batch-size", "4", "--resume"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "../run", "--count", "20", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert told["same_data"]
    assert 0 <= told["columns"]["this run"]["precision"]["value"] <= 1
    note = json.loads((tmp_path / "run" / "run.json").read_text())
    assert note["shape"] == [3, 16, 16]
    assert note["pictures"] == {"size": 16}
    assert note["data"] == os.path.realpath(tmp_path / "my 사진")
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.mode == "RGB"


@pytest.mark.filterwarnings("ignore:.*fewer than a batch")
def test_classes_of_a_folder_are_asked_for_by_number_or_refused(tmp_path, capsys):
    noise(tmp_path / "pictures" / "cat", 5, size=16)
    noise(tmp_path / "pictures" / "dog", 5, size=12)
    options = [
        "--data",
        str(tmp_path / "pictures"),
        "--size",
        "16",
        "--steps",
        "1",
        "--batch-size",
        "4",
    ]
    train = ["train", "--recipe", "faces-conditional", *options, "--out", str(tmp_path / "run")]
    assert main(train) == 1
    assert "pass --classes" in capsys.readouterr().err
    assert main([*train, "--classes"]) == 0
    grid = ["--count", "2", "--out", str(tmp_path / "grid.png")]
    assert main(["sample", str(tmp_path / "run"), "--label", "dog", *grid]) == 0
    assert main(["sample", str(tmp_path / "run"), "--label", "0", *grid]) == 0
    assert main(["sample", str(tmp_path / "run"), "--label", "cow", *grid]) == 1
    assert "--label must be from 0 to 1, or one of cat, dog, got cow" in capsys.readouterr().err


def test_a_link_to_nothing_and_a_name_in_an_old_encoding_stop_nothing(tmp_path):
    noise(tmp_path, 3)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    try:
        os.rename(tmp_path / "0.png", os.fsencode(tmp_path) + b"/" + "고양이.png".encode("cp949"))
    except OSError:
        pytest.skip("this file system takes no such name")
    for _ in range(2):  # read, and read from what was kept
        with pytest.warns(UserWarning, match=r"1 of 4 pictures .* gone\.png"):
            assert len(data.load_folder(tmp_path).images) == 3
    assert len(list((tmp_path / ".gan-tutorial").glob("*.npy"))) == 1


def test_a_picture_that_is_added_moves_hardly_any_other_to_another_split(tmp_path):
    noise(tmp_path, 60, size=8)
    splits = {name: data.load(str(tmp_path), name, size=8).images for name in ("train", "test")}
    trained_on = {bytes(picture.numpy()) for picture in splits["train"]}
    for i in range(60, 63):
        pixels = np.random.default_rng(i).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    tested = data.load(str(tmp_path), "test", size=8).images
    assert len(tested) == 6
    assert not trained_on & {bytes(picture.numpy()) for picture in tested}


def test_what_a_killed_reader_left_is_swept_and_readers_wait_for_each_other(tmp_path):
    noise(tmp_path, 20)
    cache = tmp_path / ".gan-tutorial"
    cache.mkdir()
    (cache / ".0123.npy.4711.partial").write_bytes(b"half")
    read = textwrap.dedent("""
        import sys, time
        from gan_tutorial._engine import folder
        from gan_tutorial.data import load_folder
        whole = folder._filled
        def counted(*arguments):
            print("reads")
            time.sleep(2)
            return whole(*arguments)
        folder._filled = counted
        load_folder(sys.argv[1])
    """)
    command = [sys.executable, "-W", "error::UserWarning", "-c", read, str(tmp_path)]
    together = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0] for process in together]
    assert [process.returncode for process in together] == [0, 0]
    assert "".join(said).count("reads") == 1  # the other one found what this one kept
    assert not list(cache.glob(".*.partial"))
    assert len(list(cache.glob("*.npy"))) == 1


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve")
def test_a_full_disk_is_told_before_it_is_written_to(tmp_path, monkeypatch):
    noise(tmp_path, 3)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.warns(UserWarning, match="read into memory.*No space left"):
        assert len(data.load_folder(tmp_path).images) == 3
    assert not list((tmp_path / ".gan-tutorial").glob("*.npy"))
    assert not list((tmp_path / ".gan-tutorial").glob(".*.partial"))


def test_pixels_without_a_white_are_refused_and_clear_ones_of_16_bits_are_clear(tmp_path):
    Image.fromarray(np.full((9, 9), 0.5, np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(ValueError, match="32 bits"):
        data.load_folder(tmp_path)
    (tmp_path / "a.tiff").unlink()
    pixels = np.full((40, 40), 20_000, np.uint16)
    pixels[:, :20] = 40_000
    Image.fromarray(pixels).save(tmp_path / "a.png", transparency=40_000)
    picture = only(tmp_path, size=40, background=(0, 0, 255))
    assert picture[:, 20, 5].tolist() == [0, 0, 255]
    assert picture[:, 20, 35].tolist() == [20_000 // 257] * 3


def test_evaluation_says_that_the_folder_has_changed(tmp_path, capsys):
    pictures, run = tmp_path / "pics", tmp_path / "run"
    noise(pictures, 40, size=28)
    options = [
        "--recipe",
        "faces",
        "--size",
        "28",
        "--steps",
        "1",
        "--every",
        "1",
        "--batch-size",
        "4",
    ]
    assert main(["train", "--data", str(pictures), *options, "--out", str(run)]) == 0
    capsys.readouterr()
    for changed in (False, True):
        if changed:
            save(pictures / "new.png")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert main(["evaluate", str(run), "--count", "20", "--json"]) == 0
        told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
        assert told["same_data"] is not changed
        assert any("is not as it was" in str(w.message) for w in caught) is changed


def test_a_class_keeps_its_name_when_another_folder_comes(tmp_path):
    pictures, run = tmp_path / "pics", tmp_path / "run"
    for name in ("b", "c"):
        noise(pictures / name, 4, size=28)
    options = ["--recipe", "faces-conditional", "--classes", "--size", "28", "--steps", "1"]
    options += ["--every", "1", "--batch-size", "4", "--out", str(run)]
    assert main(["train", "--data", str(pictures), *options]) == 0
    noise(pictures / "a", 4, size=28)
    grids = {}
    for label in ("c", "1", "0"):
        out = tmp_path / f"{label}.png"
        assert main(["sample", str(run), "--label", label, "--count", "4", "--out", str(out)]) == 0
        grids[label] = out.read_bytes()
    assert grids["c"] == grids["1"] != grids["0"]
