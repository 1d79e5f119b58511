"""Networks of one's own in the VAEs: convolutions, deeper ones, replaced ones; and what is refused."""

import pytest
import torch
from oracles import DOUBLE, generator, randn
from torch import nn

from course_vi import diagnostics, learning
from course_vi.families import Amortized, Layered, MeanField
from course_vi.models import VAE, HierarchicalVAE
from course_vi.nets import GatedCell, Reshaped, SetEncoder, Window, mlp

BITS = (randn(12, 16, seed=0) > 0).double()


def convolutions() -> tuple[nn.Module, nn.Module]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 4))
        decoder = nn.Sequential(
            nn.Linear(2, 12), nn.Unflatten(1, (3, 2, 2)), nn.ConvTranspose2d(3, 1, 3)
        )
    return Reshaped(encoder, (1, 4, 4)), Reshaped(decoder)


def test_convolutions_on_images():
    """fit takes the images as they are; the model's densities are those of a loop over samples and data."""
    encoder, decoder = convolutions()
    p = VAE(2, 16, decoder=decoder).double()
    q = Amortized(MeanField(2), encoder).double()
    history = learning.fit(
        p, q, BITS.reshape(12, 1, 4, 4), steps=60, learning_rate=0.02, progress=False
    )
    assert history.bound[-10:].mean() > history.bound[:10].mean()
    z = q.sample(3, BITS, generator(1))
    assert z.shape == (3, 12, 2)
    loop = torch.stack(
        [
            torch.stack([p.log_joint(x, row) for x, row in zip(BITS, rows, strict=True)])
            for rows in z
        ]
    )
    torch.testing.assert_close(p.log_joint(BITS, z), loop)
    assert p.sample(5, generator(2))[0].shape == (5, 16)


def test_a_hierarchical_model_takes_both_networks():
    _, decoder = convolutions()
    p = HierarchicalVAE((2, 1), 16, decoder=decoder, network=mlp(1, (5, 4), 4)).double()
    q = Layered(
        Amortized(MeanField(2), mlp(16, (8, 6), 4, generator(0))),
        Amortized(MeanField(1), mlp(2, 5, 2, generator(1))),
    ).double()
    before = [parameter.detach().clone() for parameter in p.parameters()]
    learning.fit(p, q, BITS, steps=3, progress=False)
    assert all(not torch.equal(a, b) for a, b in zip(before, p.parameters(), strict=True))
    with pytest.raises(NotImplementedError, match="has no closed form"):
        p.log_evidence(BITS)


class One(nn.Module):
    """A single layer that is not linear."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(randn(3, 2, seed=0))

    def forward(self, z):
        return (z @ self.weight.mT).sin()


@pytest.mark.parametrize("decoder", [One, lambda: nn.Sequential(One())])
@pytest.mark.parametrize("how", ["given", "replaced"])
def test_a_replaced_decoder_is_never_taken_for_a_linear_one(decoder, how, evidence):
    """log p(x) by importance sampling from the prior; the gap of the encoder falls back on it."""
    options = {"likelihood": "gaussian", "scale": 0.7}
    if how == "given":
        p = VAE(2, 3, 0, decoder=decoder(), **options).double()
    else:
        p = VAE(2, 3, 0, **options).double()
        p.decoder = decoder()
    x = randn(2, 3, seed=1)
    with pytest.raises(NotImplementedError, match="has no closed form"):
        p.log_evidence(x)
    with pytest.raises(NotImplementedError, match="has no closed form"):
        p.posterior(x)
    q = Amortized(MeanField(2), mlp(3, 4, 4, generator(0))).double()
    best = diagnostics.best_per_datum(p, q, x, steps=5, num_samples=2)
    gap = diagnostics.approximation_gap(p, q, x, best, 500, generator(1))
    assert gap.value.isfinite().all()


@pytest.mark.parametrize(
    "decoder", [lambda: nn.Linear(2, 3), lambda: nn.Sequential(nn.Linear(2, 3, bias=False))]
)
def test_a_linear_layer_of_ones_own_is_exact(decoder):
    p = VAE(2, 3, decoder=decoder(), likelihood="gaussian", scale="diagonal").double()
    x, z = randn(4, 3, seed=0), randn(5, 4, 2, seed=1)
    bayes = p.log_joint(x, z) - p.posterior(x).log_prob(z)
    torch.testing.assert_close(bayes, p.log_evidence(x).expand(5, 4))


def test_deeper_networks():
    net = mlp(3, (5, 4), 2, generator(0))
    assert [type(layer).__name__ for layer in net] == ["Linear", "Tanh", "Linear", "Tanh", "Linear"]
    assert torch.equal(mlp(3, 5, 2, generator(0))[0].weight, net[0].weight)
    assert torch.equal(mlp(3, (), 2, generator(0))[0].weight, mlp(3, 0, 2, generator(0))[0].weight)
    assert VAE(2, 6, (5, 4)).log_joint(torch.ones(3, 6), torch.zeros(2, 3, 2)).shape == (2, 3)


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(8), nn.Dropout()])
def test_noisy_layers_in_a_decoder_are_refused(layer):
    noisy = nn.Sequential(nn.Linear(2, 8), layer, nn.Linear(8, 16))
    with pytest.raises(ValueError, match=f"decoder holds {type(layer).__name__} at '1'"):
        VAE(2, 16, decoder=noisy)
    with pytest.raises(ValueError, match=f"network holds {type(layer).__name__} at '1'"):
        HierarchicalVAE((2, 2), 16, network=noisy)


def test_a_decoder_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"decoder gave shape \(5, 3, 7\) .*expected \(5, 3, 6\)"):
        VAE(2, 6, decoder=nn.Linear(2, 7)).log_joint(torch.ones(3, 6), torch.zeros(5, 3, 2))
    with pytest.raises(ValueError, match=r"network gave shape"):
        HierarchicalVAE((2, 1), 6, network=nn.Linear(1, 3)).log_joint(
            torch.ones(3, 6), torch.zeros(5, 3, 3)
        )
    with pytest.raises(ValueError, match="vectors has shape .* expected its last axis to have 64"):
        Reshaped(nn.Flatten(), (8, 8))(torch.zeros(3, 63))


def test_dtype_and_device_follow_a_decoder_without_parameters():
    p = VAE(2, 2, decoder=nn.Tanh()).double()
    assert p.sample(3, generator(0))[0].dtype == DOUBLE


@pytest.mark.parametrize(
    "make",
    [
        lambda g: mlp(3, (5, 4), 2, g),
        lambda g: GatedCell(3, 4, g),
        lambda g: SetEncoder(2, 3, 2, g),
        lambda g: Window(64, 3, 5, g),
        lambda g: VAE(2, 4, 3, g),
    ],
    ids=["mlp", "gated cell", "set encoder", "window", "VAE"],
)
def test_weights_from_a_generator_leave_the_global_stream_where_it_is(make):
    """Weights are those of the generator alone, within one over the root of the fan-in; the global stream is not moved."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        before = torch.get_rng_state()
        one = make(generator(1))
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(1)
        same, other = make(generator(1)), make(generator(2))
    layers = [layer for layer in one.modules() if isinstance(layer, nn.Linear)]
    assert layers and all(
        parameter.requires_grad
        and parameter.dtype == torch.get_default_dtype()
        and 0 < parameter.abs().max() <= layer.in_features**-0.5
        for layer in layers
        for parameter in layer.parameters()
    )
    for a, b, c in zip(one.parameters(), same.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b) and not torch.equal(a, c)
