"""Real data that is always there: no download, no surprise."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

__all__ = ["Digits", "breast_cancer", "digits"]


class Digits(NamedTuple):
    """The 8 x 8 digits of scikit-learn: 1,797 real images, split at random (seed 0) into 1,500 and 297.

    Attributes:
        train, test: pixels, ``(1500, 64)`` and ``(297, 64)``.
        train_labels, test_labels: the digits drawn, ``(1500,)`` and ``(297,)``.
    """

    train: Tensor
    test: Tensor
    train_labels: Tensor
    test_labels: Tensor


def digits(binary: bool = True, dtype: torch.dtype = torch.float32) -> Digits:
    """Handwritten digits, 8 x 8 pixels.

    Args:
        binary: pixels as 0 and 1 (grey above one half is 1); otherwise grey values in [0, 1].

    >>> images = digits()
    >>> images.train.shape, sorted(images.train.unique().tolist())
    (torch.Size([1500, 64]), [0.0, 1.0])
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = torch.as_tensor(bunch.data / 16.0, dtype=dtype)
    labels = torch.as_tensor(bunch.target)
    order = torch.as_tensor(np.random.default_rng(0).permutation(len(labels)))
    pixels = (pixels > 0.5).to(dtype) if binary else pixels
    train, test = order[:1500], order[1500:]
    return Digits(pixels[train], pixels[test], labels[train], labels[test])


def breast_cancer(num_features: int = 30, dtype: torch.dtype = torch.float32) -> Tensor:
    """Wisconsin breast cancer: 569 rows of intercept, standardized features, label (1 = benign), ready for logistic regression.

    Args:
        num_features: how many of the 30 measurements to keep, in their published order.

    Returns:
        ``(569, 1 + num_features + 1)``.

    >>> x = breast_cancer()
    >>> x.shape, x[:, -1].mean().item() > 0.6      # 357 of 569 are benign
    (torch.Size([569, 32]), True)
    """
    from sklearn.datasets import load_breast_cancer

    if not 1 <= num_features <= 30:
        raise ValueError(f"num_features is {num_features}; expected 1 to 30")
    bunch = load_breast_cancer()
    features = bunch.data[:, :num_features]
    standardized = (features - features.mean(0)) / features.std(0)
    columns = [np.ones((len(features), 1)), standardized, bunch.target[:, None]]
    return torch.as_tensor(np.concatenate(columns, 1), dtype=dtype)
