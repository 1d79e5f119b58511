"""Data: equal to their published source, split once, and ready for the models."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import torch
from scipy.io import savemat
from sklearn.datasets import load_breast_cancer, load_digits

from course_vi import data


def test_digits_are_all_there_once():
    images = data.digits(binary=False, dtype=torch.float64)
    source = load_digits()
    assert images.train.shape == (1500, 64) and images.test.shape == (297, 64)
    ours = torch.cat([images.train, images.test])
    labels = torch.cat([images.train_labels, images.test_labels])
    key = sorted(
        (*row, label)
        for row, label in zip((ours * 16).round().int().tolist(), labels.tolist(), strict=True)
    )
    assert key == sorted(
        (*row, label)
        for row, label in zip(source.data.astype(int).tolist(), source.target.tolist(), strict=True)
    )
    assert torch.bincount(images.test_labels).min() >= 15, "every digit is in the test set"


def test_binary_digits_are_the_grey_ones_cut_at_one_half():
    grey, binary = data.digits(binary=False), data.digits()
    assert torch.equal(binary.train, (grey.train > 0.5).float()) and torch.equal(
        binary.test, (grey.test > 0.5).float()
    )
    assert (
        torch.equal(binary.train_labels, grey.train_labels) and binary.train.dtype == torch.float32
    )
    again = data.digits()
    assert all(torch.equal(one, other) for one, other in zip(binary, again, strict=True)), (
        "the split is always the same"
    )


@pytest.mark.parametrize("num_features", [1, 7, 30])
def test_breast_cancer(num_features):
    x = data.breast_cancer(num_features, dtype=torch.float64)
    source = load_breast_cancer()
    assert x.shape == (569, num_features + 2) and bool((x[:, 0] == 1).all())
    features = x[:, 1:-1]
    assert (
        features.mean(0).abs().max() < 1e-12
        and (features.var(0, correction=0) - 1).abs().max() < 1e-12
    )
    first = torch.as_tensor(source.data[:, 0])
    assert torch.corrcoef(torch.stack([features[:, 0], first]))[0, 1] > 1 - 1e-12
    assert x[:, -1].tolist() == source.target.tolist() and x[:, -1].sum() == 357


@pytest.mark.parametrize("num_features", [0, 31, -1])
def test_refusals(num_features):
    with pytest.raises(ValueError, match=f"num_features is {num_features}; expected 1 to 30"):
        data.breast_cancer(num_features)


def test_the_global_generators_are_left_alone():
    state = torch.get_rng_state()
    data.digits(), data.breast_cancer()
    assert torch.equal(state, torch.get_rng_state())


def small_mnist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three small files of the same format, and their sums in place of the published ones."""
    folder.mkdir()
    for size, part in enumerate(("train", "valid", "test"), 2):
        path = folder / f"binarized_mnist_{part}.amat"
        savemat(
            path,
            {
                "X": (torch.rand(size, 784, generator=torch.Generator().manual_seed(size)) > 0.5)
                .byte()
                .numpy()
            },
            appendmat=False,
        )
        monkeypatch.setitem(data.MNIST_SUMS, part, hashlib.sha256(path.read_bytes()).hexdigest())


def test_binarized_mnist_is_read_fetched_and_verified(tmp_path, monkeypatch):
    home, place = tmp_path / "home", tmp_path / "mine"
    small_mnist(home, monkeypatch)
    monkeypatch.setenv("COURSE_VI_DATA", str(home))
    read = data.binarized_mnist()
    assert [tuple(part.shape) for part in read] == [
        (2, 784),
        (3, 784),
        (4, 784),
    ] and read.train.unique().tolist() == [0.0, 1.0]
    fetched = data.binarized_mnist(place, home=home.as_uri())
    assert torch.equal(fetched.test, read.test) and (place / "binarized_mnist_test.amat").exists()
    (place / "binarized_mnist_test.amat").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="binarized_mnist_test.amat has the SHA-256 .* expected"):
        data.binarized_mnist(place)
    monkeypatch.delenv("COURSE_VI_DATA")
    with pytest.raises(ValueError, match="COURSE_VI_DATA is not set"):
        data.binarized_mnist()


@pytest.mark.skipif(
    "COURSE_VI_DATA" not in os.environ, reason="COURSE_VI_DATA names no folder with binarized MNIST"
)
def test_binarized_mnist_itself():
    images = data.binarized_mnist()
    assert [tuple(part.shape) for part in images] == [(50_000, 784), (10_000, 784), (10_000, 784)]
    assert [round(part.mean().item(), 5) for part in images] == [0.13056, 0.13113, 0.13251]
    assert images.train.unique().tolist() == [0.0, 1.0]
