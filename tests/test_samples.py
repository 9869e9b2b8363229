"""Real and generated pictures on the landing page; generated portraits join when there is a record of them."""

import json

import numpy as np
import pytest
from bs4 import BeautifulSoup
from gan_book import samples

from gan_tutorial import recorded


def test_a_sheet_holds_the_pictures_in_rows():
    pictures = np.zeros((samples.COUNT, 3, 32, 32), np.uint8)
    pictures[0, 0] = 200
    image = samples.drawn(pictures)
    side = samples.ZOOM * (32 + samples.GAP)
    assert image.size == (samples.COLUMNS * side - 4, samples.ROWS * side - 4)
    assert image.getpixel((0, 0)) == (200, 0, 0)
    assert image.getpixel((side, 0)) == (0, 0, 0)
    grey = samples.drawn(np.full((samples.COUNT, 1, 28, 28), 255, np.uint8))
    assert grey.getpixel((0, 0)) == 0  # ink is dark


def test_portraits_join_when_they_are_recorded(tmp_path, monkeypatch):
    assert "generated-mnist-10k" in [sheet.name for sheet in samples.sheets()]
    monkeypatch.setattr(samples.recorded, "FOLDER", tmp_path)
    assert [sheet.name for sheet in samples.sheets()] == ["real-mnist-10k", "real-emoji-faces"]
    made = np.arange(20 * 32 * 32 * 3).astype(np.uint8).reshape(20, 32, 32, 3)
    np.savez(tmp_path / "faces.npz", digits=made)
    (tmp_path / "faces.json").write_text(json.dumps({}))
    read = recorded.read
    monkeypatch.setattr(samples.recorded, "read", lambda name: read(name, tmp_path))
    *_, last = samples.sheets()
    assert last.name == "generated-emoji-faces"
    assert (last.pictures[:, 2] == made[: samples.COUNT, :, :, 2]).all()


@pytest.mark.book
def test_the_landing_page_shows_them(html):
    page = BeautifulSoup((html / "index.html").read_text(encoding="utf-8"), "html.parser")
    shown = page.select(".gan-samples img")
    assert [image["alt"].split(":")[0] for image in shown][:2] == [
        "Digits that people wrote",
        "Digits from a generator",
    ]
    assert all((html / image["src"]).is_file() for image in shown)
    assert "Portraits that people drew" in page.get_text()
