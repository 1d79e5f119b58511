"""The sigmoid belief net: its joint by hand, its evidence and posterior by other sums, its samples by frequency."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from oracles import DOUBLE, LIMIT, generator, gradients, mean_z

from course_vi import exact
from course_vi.bounds import elbo, iwae
from course_vi.families import Amortized, BernoulliMeanField
from course_vi.gradients import score_function
from course_vi.models import SigmoidBeliefNet
from course_vi.nets import mlp


def net(layers=(3, 2, 2), seed=0):
    return SigmoidBeliefNet(layers, generator=generator(seed)).double()


def by_hand(model, bits):
    """p(x, z) for a list of layers of bits, in plain Python."""
    total = 0.0
    for level, layer in enumerate(bits):
        for i, bit in enumerate(layer):
            logit = model.biases[level][i].item()
            if level + 1 < len(bits):
                logit += sum(
                    model.weights[level][i, j].item() * above
                    for j, above in enumerate(bits[level + 1])
                )
            total -= math.log1p(math.exp(-logit if bit else logit))
    return total


@pytest.mark.parametrize("layers", [(2, 3), (3, 2, 2), (1, 1, 1, 2)])
def test_joint_evidence_and_posterior_by_hand(layers, evidence):
    model = net(layers)
    x = torch.tensor([i % 2 for i in range(layers[0])], dtype=DOUBLE)
    total, table = 0.0, {}
    for flat in itertools.product((0, 1), repeat=model.latent_dim):
        bits, start = [x.tolist()], 0
        for size in layers[1:]:
            bits.append(flat[start : start + size])
            start += size
        table[flat] = by_hand(model, bits)
        found = model.log_joint(x, torch.tensor([flat], dtype=DOUBLE))
        assert abs(found.item() - table[flat]) < 1e-12
        total += math.exp(table[flat])
    error = abs(model.log_evidence(x).item() - math.log(total))
    posterior = model.posterior(x)
    for flat, value in table.items():
        error = max(
            error,
            abs(
                posterior.log_prob(torch.tensor([flat], dtype=DOUBLE)).exp().item()
                - math.exp(value) / total
            ),
        )
    assert error < 1e-13
    evidence(
        "models.SigmoidBeliefNet", "joint, evidence and posterior in plain Python", error=error
    )


def test_factors_batches_and_normalization():
    model = net()
    x = exact.enumerate_binary(3, like=torch.zeros(1, dtype=DOUBLE))
    z = torch.bernoulli(torch.full((5, 8, 4), 0.5, dtype=DOUBLE), generator=generator(1))
    factors = model.log_factors(x, z)
    assert list(factors) == ["x", "z1", "z2"] and all(
        value.shape == (5, 8) for value in factors.values()
    )
    assert torch.allclose(sum(factors.values()), model.log_joint(x, z))
    assert abs(model.log_evidence(x).logsumexp(0)) < 1e-13
    assert model.log_evidence(x.view(2, 4, 3)).shape == (2, 4) and model.posterior(
        x
    ).batch_shape == (8,)
    each = torch.stack([model.posterior(row).mean for row in x])
    assert torch.allclose(model.posterior(x).mean, each)
    assert torch.allclose(model.likelihood(z).log_prob(x), factors["x"])
    shallow = net((2, 3))
    w = shallow.prior().draw((4,), generator(0))
    assert torch.allclose(
        shallow.prior().log_prob(w), shallow.log_factors(torch.zeros(2, dtype=DOUBLE), w)["z1"]
    )


def test_samples(evidence):
    model = net((2, 1, 2))
    x, z = model.sample(60_000, generator(0))
    again = model.sample(60_000, generator(0))
    assert torch.equal(x, again[0]) and torch.equal(z, again[1])
    states = exact.enumerate_binary(5, like=x)
    wanted = model.log_joint(states[:, :2], states[:, 2:]).exp().detach()
    score = mean_z((torch.cat([x, z], -1).unsqueeze(1) == states).all(-1).to(DOUBLE), wanted)
    assert score < LIMIT
    evidence("models.SigmoidBeliefNet.sample", "the probability of each of 32 outcomes", z=score)


def test_gradient_of_the_evidence_is_the_posterior_mean_of_the_joint_slope():
    """Fisher's identity; and the bound at q = posterior is the evidence for every K."""
    model, x = net(), torch.tensor([1.0, 0.0, 1.0], dtype=DOUBLE)
    states, posterior = model.states(x), model.posterior(x)
    wanted = gradients(model.log_evidence(x), model)
    weighted = gradients((posterior.probs.detach() * model.log_joint(x, states)).sum(), model)
    assert all(torch.allclose(wanted[name], weighted[name], atol=1e-13) for name in wanted)
    log_joint = model.log_joint(x, states)
    for bound, k in ((elbo, 1), (iwae, 2)):
        assert exact.expected_bound(log_joint, posterior.logits, bound, k).item() == pytest.approx(
            model.log_evidence(x).item(), abs=1e-12
        )


@pytest.mark.parametrize("bound, num_samples", [(elbo, 1), (iwae, 2)])
def test_the_score_function_for_both_parameters(bound, num_samples, evidence):
    """theta and phi at once, an encoder included: blocks of many copies of each datum against the exact gradient."""
    model, q = net((2, 2, 1)), Amortized(BernoulliMeanField(3), mlp(2, 3, 3, generator(1))).double()
    x = exact.enumerate_binary(2, like=torch.zeros(1, dtype=DOUBLE))
    states = model.states(x).expand(8, 4, 3)
    both = torch.nn.ModuleDict({"q": q, "p": model})
    exactly = gradients(
        exact.expected_bound(model.log_joint(x, states), q(x, states), bound, num_samples).sum(),
        both,
    )
    seeded, blocks = generator(3), []
    for _ in range(80):
        value = (
            score_function(model, q, x.expand(300, 4, 2), num_samples, bound, seeded).sum() / 300
        )
        blocks.append(torch.cat([part.flatten() for part in gradients(value, both).values()]))
    z = mean_z(torch.stack(blocks), torch.cat([part.flatten() for part in exactly.values()]))
    assert z < LIMIT
    evidence(
        f"gradients.score_function, {bound.__name__}: theta and phi",
        "SigmoidBeliefNet: exact gradient by enumeration",
        z=z,
    )


def test_refusals():
    with pytest.raises(
        ValueError, match=r"layers is \(3,\); expected the size of the data and of one layer"
    ):
        SigmoidBeliefNet((3,))
    with pytest.raises(ValueError, match="layers is 0; expected a whole number"):
        SigmoidBeliefNet((3, 0))
    with pytest.raises(ValueError, match="with 20 latent bits; expected at most 16"):
        SigmoidBeliefNet((3, 20)).log_evidence(torch.zeros(3))
    with pytest.raises(ValueError, match="x has shape"):
        net().log_evidence(torch.zeros(4))
    with pytest.raises(NotImplementedError, match="more than one layer"):
        net().prior()
