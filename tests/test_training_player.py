"""The figure `training-player`: its mathematics in V8 against Python, what it accepts, and how large it is."""

import json
from importlib.resources import files

import numpy as np
import pytest
import traitlets

from gan_tutorial import line
from gan_tutorial.figures import TrainingPlayer
from gan_tutorial.figures.training_player import FRAMES, RECORDED

MODULES = ("training_player/recording.js",)
RUNS = TrainingPlayer().runs


@pytest.fixture(scope="module")
def read(javascript):
    """The shipped runs as `readRecording` gives them, with NaN as None."""
    plain = "(key, value) => (ArrayBuffer.isView(value) ? [...value] : value)"
    return [
        json.loads(
            javascript.evaluate(f"JSON.stringify(readRecording({json.dumps(run)}), {plain})")
        )
        for run in RUNS
    ]


def arrays(run, i):
    """Masses of data and generator and the scores of moment i, by the Python side."""
    p = np.array(run["p_data"])
    q = line.unpack(run["p_g"][i], *line.LOG_MASS).exp()
    s = line.unpack(run["score"][i], *line.SCORE)
    return line.torch.from_numpy(p), q / q.sum(), s


@pytest.mark.parametrize("run", range(len(RUNS)))
@pytest.mark.parametrize("i", [0, 7, -1])
def test_measures_agree_with_python(read, run, i):
    p, q, s = arrays(RUNS[run], i)
    found = read[run]["moments"][i]
    expected = {
        "value": line.value(p, q, s),
        "js": line.jensen_shannon(p, q),
        "best": 2 * line.jensen_shannon(p, q) - 2 * np.log(2),
        "accuracy": line.accuracy(p, q, s),
    }
    for name, number in expected.items():
        assert found[name] == pytest.approx(float(number), abs=1e-9), name


@pytest.mark.parametrize("run", range(len(RUNS)))
def test_curves_agree_with_python(read, run):
    p, q, s = (x.numpy() for x in arrays(RUNS[run], 5))
    found, width = read[run]["moments"][5], 12 / 96
    np.testing.assert_allclose(found["density"], q[1:-1] / width, rtol=1e-9)
    np.testing.assert_allclose(found["learned"], 1 / (1 + np.exp(-s[1:-1])), rtol=1e-9)
    best = (p / (p + q))[1:-1]
    shown = np.array([x is not None for x in found["optimal"]])
    density = (p + q)[1:-1]
    assert (shown == (density > 1e-4))[
        np.abs(density - 1e-4) > 1e-12
    ].all()  # at it, rounding decides
    optimal = np.array(found["optimal"], dtype=float)
    np.testing.assert_allclose(optimal[shown], best[shown], rtol=1e-9)
    np.testing.assert_allclose(read[run]["data"], p[1:-1] / width, rtol=1e-9)
    np.testing.assert_allclose(read[run]["centres"], line.Cells().centres[1:-1], atol=1e-12)
    x = line.unpack(RUNS[run]["x"][5], -6.0, 6.0)
    np.testing.assert_allclose(found["x"], x, atol=1e-9)


def test_no_discriminator_beats_the_best_one(read):
    for run in read:
        for moment in run["moments"]:
            assert moment["value"] <= moment["best"]
            assert moment["best"] == pytest.approx(2 * moment["js"] - 2 * np.log(2), abs=1e-12)


def test_the_shipped_runs_show_what_they_say(read):
    good, slow = read
    assert good["moments"][0]["js"] > 0.6
    assert good["moments"][-1]["js"] < 0.1 < slow["moments"][-1]["js"]


def test_the_shipped_runs_say_where_they_come_from():
    about = json.loads((files("gan_tutorial") / RECORDED).read_text("utf-8"))
    assert {"machine", "date", "versions", "seed", "command"} <= set(about)


def test_the_state_is_small_enough_for_a_page():
    per_run = len(json.dumps(TrainingPlayer().state())) / len(RUNS)
    assert 6 * per_run < 150_000


def test_run_and_frame_are_held_to_what_there_is():
    figure = TrainingPlayer()
    assert figure.run == RUNS[0]["name"]
    figure.run = RUNS[1]["name"]
    with pytest.raises(traitlets.TraitError, match="run must be one of"):
        figure.run = "another"
    with pytest.raises(traitlets.TraitError, match="frame"):
        figure.frame = FRAMES
    only = TrainingPlayer(runs=[{**RUNS[0], "name": "mine"}])
    assert only.run == "mine"
    assert TrainingPlayer(runs=RUNS, run=RUNS[1]["name"]).run == RUNS[1]["name"]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "different names"),
        ([RUNS[0], RUNS[0]], "different names"),
        ([{**RUNS[0], "steps": list(range(FRAMES + 1))}], "fewer snapshots"),
    ],
)
def test_runs_that_cannot_be_shown_are_refused(runs, message):
    with pytest.raises(traitlets.TraitError, match=message):
        TrainingPlayer(runs=runs)
