"""Real data: small sets that are always there, and one larger set that is read, or fetched, only when you ask for it."""

from __future__ import annotations

import hashlib
import os
import urllib.request
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

__all__ = ["BinarizedMNIST", "Digits", "binarized_mnist", "breast_cancer", "digits"]

MNIST_HOME = "https://raw.githubusercontent.com/mingzhang-yin/ARM-gradient/bac893cfcec486bbd00b755b12cf8402053b0e84"
MNIST_SUMS = {
    "train": "79a0312c7389d855cfc97e3812de3998417c5829d8a51543b56a90a91252ae7e",
    "valid": "7436afc856959075c7787025bb8a4ba2b520b9230ee39667c66aa7dd2819dd68",
    "test": "5bc30222e1e7896cbccd1e1db6b28540cc1230f4d2d5473841a5f6cc54be8d38",
}


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


class BinarizedMNIST(NamedTuple):
    """The binarized MNIST digits of Larochelle: 28 x 28 pixels that are 0 or 1. They come without labels.

    Attributes:
        train, valid, test: pixels, ``(50000, 784)``, ``(10000, 784)`` and ``(10000, 784)``.
    """

    train: Tensor
    valid: Tensor
    test: Tensor


def binarized_mnist(
    folder: str | Path | None = None, dtype: torch.dtype = torch.float32, home: str = MNIST_HOME
) -> BinarizedMNIST:
    """Binarized MNIST, from a folder of yours, with every file's sum verified.

    Args:
        folder: holds ``binarized_mnist_train.amat`` and its two companions, or a folder ``binarized_mnist`` that does; by default the
            one that the environment variable ``COURSE_VI_DATA`` names. Files that are not there are fetched into it (4 MB in all).
        home: where they are fetched from.

    Raises:
        ValueError: no folder is named; or a file's SHA-256 is not the published one.

    Source: Larochelle and Murray, "The neural autoregressive distribution estimator", AISTATS 2011; the files as MATLAB arrays (uint8).
    """
    named = folder or os.environ.get("COURSE_VI_DATA")
    if not named:
        raise ValueError(
            "folder is not given, and COURSE_VI_DATA is not set; expected a folder where the files of binarized MNIST are, "
            "or may be put (4 MB)"
        )
    place = Path(named)
    place = place / "binarized_mnist" if (place / "binarized_mnist").is_dir() else place
    return BinarizedMNIST(
        *(
            _amat(place / f"binarized_mnist_{part}.amat", home, wanted, dtype)
            for part, wanted in MNIST_SUMS.items()
        )
    )


def _amat(path: Path, home: str, wanted: str, dtype: torch.dtype) -> Tensor:
    from scipy.io import loadmat

    if path.exists():
        content = path.read_bytes()
    else:
        with urllib.request.urlopen(f"{home}/{path.name}", timeout=60) as reply:
            content = reply.read()
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ValueError(
            f"{path.name} has the SHA-256 {found}; expected {wanted}: the file is damaged, or another one"
        )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return torch.as_tensor(loadmat(str(path))["X"], dtype=dtype)
