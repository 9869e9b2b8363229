"""Every figure: its Python side, its contract between Python and JavaScript, and a first state without a browser."""

import json
import math
import re

import pytest
import traitlets
from gan_book.engine import Engine
from gan_book.figures import ROOT, Pictures, scripts
from hypothesis import example, given, settings
from hypothesis import strategies as st

import gan_tutorial.figures as package
from gan_tutorial import divergences, game
from gan_tutorial.distributions import mixture, uniform
from gan_tutorial.figures.base import Figure
from gan_tutorial.figures.linker import drawing_of, read_script

MODULES = ("mathematics/densities.js",)
FIGURES = [getattr(package, name) for name in package.__all__]
every_figure = pytest.mark.parametrize("figure", FIGURES, ids=[figure.name for figure in FIGURES])


@pytest.fixture(scope="module")
def pictures():
    engine = Engine()
    yield Pictures(engine)
    engine.close()


@every_figure
def test_class_and_file_names_follow_the_figures_name(figure):
    assert "".join(part.title() for part in figure.name.split("-")) == figure.__name__
    assert figure.__module__ == f"gan_tutorial.figures.{drawing_of(figure.name).split('/')[0]}"
    assert "export function render(" in read_script(drawing_of(figure.name))
    assert figure.title
    assert figure.__doc__


@every_figure
def test_module_is_plain(figure):
    assert figure._esm.count("export default { render: ") == 1
    assert len(re.findall(r"^\s*(?:import|export)\b", figure._esm, re.MULTILINE)) == 1
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", figure._esm)


@every_figure
def test_state_survives_the_page(figure):
    match = ROOT.fullmatch(figure().to_html())
    assert match["name"] == figure.name
    assert json.loads(match["state"]) == json.loads(json.dumps(figure().state()))


@every_figure
def test_first_state_is_drawn_without_a_browser(figure, pictures):
    picture = pictures.html(figure.name, json.loads(json.dumps(figure().state())))
    assert "<svg" in picture or "<canvas" in picture
    assert "NaN" not in re.sub(r">[^<]*<", "><", picture)
    assert "<input" not in picture


def test_a_figure_that_mends_its_own_state_is_drawn_without_a_browser(pictures):
    outside = package.ConvexChord(shape="plateau", ax=0.3, ay=0.0, bx=1.8, by=0.0)
    assert "<svg" in pictures.html(outside.name, outside.state())


@every_figure
def test_bounds_are_held_with_an_error_that_names_them(figure):
    for name, bounds in figure.bounds().items():
        with pytest.raises(traitlets.TraitError, match=name):
            figure(**{name: bounds["max"] + bounds["step"]})
    with pytest.raises(ValueError, match="has no trait 'colour'"):
        figure(colour="red")


@every_figure
def test_steps_divide_the_range(figure):
    for name, bounds in figure.bounds().items():
        steps = (bounds["max"] - bounds["min"]) / bounds["step"]
        assert math.isclose(steps, round(steps), abs_tol=1e-6), name


@every_figure
def test_scripts_of_a_page_are_classic_and_hold_nothing_twice(figure):
    page = scripts([figure, package.OptimalDiscriminator])
    text = "".join(page.values())
    assert not re.search(r"^\s*(?:import|export)\b", text, re.MULTILINE)
    defined = re.findall(r'^ganModules\.define\("(.*)"', text, re.MULTILINE)
    assert len(defined) == len(set(defined))
    assert {drawing_of(figure.name), "kit/figure.js"} <= set(defined)
    assert next(iter(page)) == "host"


def test_a_live_widget_prefers_the_widget_and_offers_the_page():
    bundle, _ = package.OptimalDiscriminator()._repr_mimebundle_()
    assert set(bundle) >= {"application/vnd.jupyter.widget-view+json", "text/html"}


def test_an_unknown_figure_names_those_there_are():
    with pytest.raises(AttributeError, match="OptimalDiscriminator"):
        _ = package.Optimal


def test_base_is_a_widget_with_no_state_of_its_own():
    assert Figure.settings() == []


centres = st.floats(-6, 6)
widths = st.floats(0.2, 3)


@settings(max_examples=60, deadline=None)
@given(
    means=st.tuples(centres, centres),
    stds=st.tuples(widths, widths),
    weight=st.floats(0.01, 0.99),
    mean=centres,
    std=widths,
)
@example(  # two crossings of the densities between two points of the grid
    means=(0.203125, -2.046875), stds=(0.2, 0.2), weight=0.5, mean=-5.625, std=0.8820986500213104
)
@example(  # log q has a kink in the middle of p
    means=(5.0, -2.0), stds=(0.21875, 0.203125), weight=0.5, mean=-5.75, std=2.5
)
def test_divergences_of_mixtures_agree_with_python(javascript, means, stds, weight, mean, std):
    p, q = mixture(means, stds, [weight, 1 - weight]), mixture([mean], [std], [1.0])
    js_p = f"gaussianMixture({list(means)}, {list(stds)}, {[weight, 1 - weight]})"
    js_q = f"gaussianMixture([{mean}], [{std}], [1])"
    found = javascript.evaluate(f"smoothDivergences({js_p}, {js_q})")
    expected = {
        "kl": divergences.kl(p, q),
        "reverseKl": divergences.kl(q, p),
        "js": divergences.js(p, q),
        "value": game.virtual_criterion(p, q),
    }
    for key, value in expected.items():
        assert found[key] == pytest.approx(float(value), rel=1e-9, abs=1e-9), key
    assert javascript.evaluate(f"totalVariation({js_p}, {js_q})") == pytest.approx(
        float(divergences.total_variation(p, q)), rel=1e-9, abs=1e-9
    )
    assert javascript.evaluate(f"wasserstein1({js_p}, {js_q})") == pytest.approx(
        float(divergences.wasserstein1(p, q)), rel=1e-9, abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(
    low=st.floats(-3, 3),
    width=st.floats(0.1, 4),
    other_low=st.floats(-3, 3),
    other_width=st.floats(0.1, 4),
)
@example(low=0.0, width=3.875, other_low=0.5, other_width=3.25)  # the cdfs cross on a grid point
def test_divergences_of_uniforms_agree_with_python(javascript, low, width, other_low, other_width):
    p, q = uniform(low, low + width), uniform(other_low, other_low + other_width)
    ends = [p.low.item(), p.high.item(), q.low.item(), q.high.item()]
    pair = "uniformDensity({}, {}), uniformDensity({}, {})".format(*ends)
    found = javascript.evaluate(f"Object.values(uniformDivergences({pair})).map(String)")
    expected = [
        divergences.kl(p, q),
        divergences.kl(q, p),
        game.virtual_criterion(p, q),
        divergences.js(p, q),
    ]
    for mine, theirs in zip(found, expected, strict=True):
        assert float(mine.replace("Infinity", "inf")) == pytest.approx(
            float(theirs), rel=1e-9, abs=1e-9
        )
    assert javascript.evaluate(f"wasserstein1({pair})") == pytest.approx(
        float(divergences.wasserstein1(p, q)), rel=1e-9, abs=1e-9
    )
    assert javascript.evaluate(f"totalVariation({pair})") == pytest.approx(
        float(divergences.total_variation(p, q)), rel=1e-9, abs=1e-9
    )


@pytest.mark.parametrize("x", [-40.0, -7.3, -1.0, 0.0, 0.4, 12.0, 60.0])
def test_optimal_logit_agrees_with_python_where_densities_underflow(javascript, x):
    import torch

    p, q = mixture([-1.5, 1.5], [0.7, 0.7], [0.3, 0.7]), mixture([1.0], [1.3], [1.0])
    found = javascript.evaluate(
        f"optimalLogit(gaussianMixture([-1.5, 1.5], [0.7, 0.7], [0.3, 0.7]), gaussianMixture([1], [1.3], [1]), {x})"
    )
    point = torch.tensor([x], dtype=torch.float64)
    assert found == pytest.approx((p.log_prob(point) - q.log_prob(point)).item(), rel=1e-9)
