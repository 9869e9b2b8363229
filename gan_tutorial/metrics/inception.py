"""The features that FID and KID are reported in, for those who have the weights.

Inception-v3 as it was trained on ImageNet in 2015 (Szegedy et al. 2016, arXiv:1512.00567), with the
resizing of its TensorFlow form: Parmar et al. 2022 (arXiv:2104.11222) show how much another resizing
changes. The network is that of `torch-fidelity` (`pip install gan-tutorial[inception]`), its weights
a file of 91 MB that its authors publish, `weights-inception-2015-12-05-6726825d.pth`. Nothing is
downloaded here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from gan_tutorial.data import import_torchvision
from gan_tutorial.metrics.judge import Judge

FEATURES = "2048"  # the layer, by torch-fidelity's name: the mean over the places before the head


class InceptionNetwork(nn.Module):
    """Called with pictures `(n, c, h, w)` in [0, 1], grey or RGB, it returns features `(n, 2048)` and no
    logits, `(n, 0)`: its thousand classes are not the data's.

    Pixels are rounded to bytes, as FID is defined on files; grey becomes three equal channels.

    Args:
        shape: of a picture, (c, h, w), with c 1 or 3.
        extractor: from uint8 `(n, 3, h, w)` to a tuple whose first is the features.
    """

    classes: tuple[int, ...] = ()

    def __init__(self, shape: Sequence[int], extractor: nn.Module) -> None:
        super().__init__()
        self.shape, self.extractor = tuple(shape), extractor

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        pixels = (pictures.clamp(0, 1) * 255).round().byte().expand(-1, 3, -1, -1)
        features = self.extractor(pixels)[0]
        return features, features[:, :0]


def inception_judge(shape: Sequence[int], weights: str | os.PathLike[str]) -> Judge:
    """A judge that sees as the FID of the literature does. It reads no labels.

    2,048 features need as many samples and real rows at the least, and ten times as many before a
    Fréchet distance says much: see `frechet_at_infinity`.

    Args:
        shape: of a picture, (c, h, w), with c 1 or 3.
        weights: the file.

    Raises:
        ValueError: pictures of another number of channels, no such file, or it holds other weights.
        ImportError: `torch-fidelity` or torchvision is not installed.
    """
    if len(shape) != 3 or shape[0] not in (1, 3):
        raise ValueError(f"shape must be (1, h, w) or (3, h, w), got {tuple(shape)}")
    path = Path(weights).expanduser()
    if not path.is_file():
        raise ValueError(
            f"weights: {path} is no file; torch-fidelity's release v0.2.0 on GitHub has "
            "weights-inception-2015-12-05-6726825d.pth"
        )
    import_torchvision("Inception's network")
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError as error:
        raise ImportError(
            "Inception features need torch-fidelity, which is not here: "
            "pip install gan-tutorial[inception]"
        ) from error
    try:
        # Safe first: torch-fidelity itself would run what a file tells it to.
        torch.load(path, weights_only=True)
        extractor = FeatureExtractorInceptionV3(
            "inception", [FEATURES], feature_extractor_weights_path=str(path)
        )
    except Exception as error:  # of a file of something else, torch raises what comes first
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"weights: {path} does not hold Inception's weights ({reason})") from error
    return Judge(InceptionNetwork(shape, extractor), "Inception-v3 (2015)")
