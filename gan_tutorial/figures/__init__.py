"""The figures of the book: each class is a live widget in Jupyter and a moving picture in the built page.

Each has a folder with its Python, its drawing and its mathematics; ``mathematics`` holds what several share, ``kit``
what all are drawn with, and ``host.js`` is Jupyter's stand-in for a static page.
"""

from importlib import import_module

_MODULES = {
    "ConditionalGenerator": "conditional_generator",
    "ConvexChord": "convex_chord",
    "ConvexSupremum": "convex_supremum",
    "CriticOrDiscriminator": "critic_or_discriminator",
    "DiracGan": "dirac_gan",
    "Divergences": "divergences",
    "EarthMover": "earth_mover",
    "LiveDigits": "live_digits",
    "LivePlane": "live_plane",
    "LiveTraining": "live_training",
    "OptimalDiscriminator": "optimal_discriminator",
    "ParallelLines": "parallel_lines",
    "ParzenBandwidth": "parzen_bandwidth",
    "PointwiseMaximum": "pointwise_maximum",
    "PrecisionRecall": "precision_recall",
    "Saturation": "saturation",
    "TrainingPlayer": "training_player",
    "TwoCosts": "two_costs",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> type:
    if name in _MODULES:
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
    raise AttributeError(f"no figure {name!r}; there are {', '.join(__all__)}")
