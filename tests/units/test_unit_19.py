"""What the checks of unit 19 expect is true: against the course's stacks and coder, sums over finer bins, draws and enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from autograder.audit.corpus import corpus
from autograder.checking import run_check
from autograder.checks.probe import InProcess
from autograder.units.unit_19 import (
    binned_rate,
    binned_rows,
    compress,
    net_bits,
    reference,
    sealed_case,
    tables,
    targets,
)
from course_vi.coding import AnsStack, BitsBack, binned_elbo, equal_width_bins
from course_vi.families import Amortized, MeanField
from course_vi.models import VAE
from course_vi.nets import mlp
from course_vi.plots.style import png

LIMIT = 4.5  # of z-scores


def tensor(value: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


# ---- the stack ------------------------------------------------------------------------------------------------------------
def test_put_and_draw_are_the_course_s_push_and_pop() -> None:
    rng = np.random.default_rng(0)
    stack, course = [1], AnsStack()
    for _ in range(300):
        counts = reference.counts_of(rng, int(rng.integers(2, 7)), 2 ** int(rng.integers(3, 13)))
        symbol = int(rng.integers(len(counts)))
        stack = reference.put(stack, symbol, counts)
        course.push(symbol, counts)
        assert stack == [*course.words, course.head]
    counts = reference.counts_of(rng, 5, 64, empty=True)
    symbols, left = reference.draw(stack, counts, 200)
    assert symbols == [course.pop(counts) for _ in range(200)]
    assert left == [*course.words, course.head]


# ---- bits back on tables --------------------------------------------------------------------------------------------------
def chain_of(rng: np.random.Generator, sizes: tuple[int, ...]) -> tables.Chain:
    pairs = list(itertools.pairwise(sizes))
    return tables.Chain(
        reference.table(rng, 1, sizes[-1])[0],
        [reference.table(rng, above, below) for below, above in pairs],
        [reference.table(rng, below, above) for below, above in pairs],
    )


def minus_elbo(chain: tables.Chain, x: int) -> float:
    """In bits, by enumeration of all latents."""
    total = 0.0
    for latents in itertools.product(*(range(up.shape[1]) for up in chain.up)):
        values = (x, *latents)
        log_q = sum(
            math.log2(up[a, b])
            for up, (a, b) in zip(chain.up, itertools.pairwise(values), strict=True)
        )
        log_p = math.log2(chain.prior[values[-1]])
        log_p += sum(
            math.log2(down[b, a])
            for down, (a, b) in zip(chain.down, itertools.pairwise(values), strict=True)
        )
        total += 2**log_q * (log_q - log_p)
    return total


def test_net_bits_of_a_row_are_minus_the_elbo_in_the_mean() -> None:
    chain = chain_of(np.random.default_rng(1), (3, 4, 2))
    messages = [tables.Message(chain, np.array([1]), seed) for seed in range(400)]
    spent = np.array([tables.spent(message, "all first")[0] for message in messages])
    error = spent.std(ddof=1) / 20
    assert abs(spent.mean() - minus_elbo(chain, 1)) < LIMIT * error < 0.5
    in_turns = np.mean([tables.spent(message)[0] for message in messages])  # given x, dirty bits
    assert minus_elbo(chain, 1) - in_turns == pytest.approx(0.75, abs=0.1)


def test_with_exact_posteriors_a_row_takes_minus_log_p_in_turns_whatever_the_bits() -> None:
    chain = chain_of(np.random.default_rng(1), (3, 4, 2))
    first = chain.prior @ chain.down[1]  # p(z_1)
    evidence = first @ chain.down[0]
    up = [
        (first[:, None] * chain.down[0] / evidence).T,
        (chain.prior[:, None] * chain.down[1] / first).T,
    ]
    for seed in range(20):
        spent, _ = tables.spent(tables.Message(chain._replace(up=up), np.array([2]), seed))
        assert spent == pytest.approx(-math.log2(evidence[2]), abs=1e-3)


def test_in_turns_the_stack_goes_less_low() -> None:
    chain = chain_of(np.random.default_rng(2), (8, 8, 8, 8))
    low = np.array(
        [
            [
                tables.spent(tables.Message(chain, np.array([3]), seed), way)[1]
                for way in ("right", "all first")
            ]
            for seed in range(50)
        ]
    )
    assert (low[:, 0] > low[:, 1] - 1e-9).mean() > 0.9
    assert low[:, 0].mean() > low[:, 1].mean() + 1


# ---- bins -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "place",
    [
        (0.7, 0.4, 0.6, 1.0, 1.0, 0.3),
        (-2.0, -1.0, 1.4, 0.8, 0.7, 2.5),
        (1.0, 9.0, 0.5, 0.7, 1.0, 0.4),
    ],
)
def test_exact_is_the_course_s_elbo_on_bins(place: tuple[float, ...]) -> None:
    there = binned_rate.Place(*place)
    on_bins = binned_elbo(
        lambda z: torch.as_tensor(binned_rate.log_likelihood(there, z.numpy())),
        there.loc,
        there.scale,
        equal_width_bins(there.width),
    )
    assert binned_rate.elbo(there) - on_bins == pytest.approx(
        binned_rate.right(there)[0], rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize(
    "place",
    [
        (0.7, 0.4, 0.6, 1.0, 1.0),
        (2.0, -1.0, 1.4, 0.8, 0.7),
        (0.0, 0.0, 0.5**0.5, 1.0, 1.0),
        (3.0, 1.5, 0.5**0.5, 1.0, 1.0),
    ],
)
def test_the_excess_over_the_square_of_the_width_tends_to_the_second_order(
    place: tuple[float, ...],
) -> None:
    rows = [binned_rate.right(binned_rate.Place(*place, width)) for width in (0.2, 0.05)]
    coarse, fine = (abs(exact / second - 1) for exact, second in rows)
    assert fine < 0.03 and fine < coarse / 8


def test_over_the_data_of_the_model_the_second_order_cancels() -> None:
    x, weight = np.polynomial.hermite_e.hermegauss(40)
    x, weight = x * 2**0.5, weight / weight.sum()
    rows = np.array(
        [binned_rate.right(binned_rate.Place(v, v / 2, 0.5**0.5, 1.0, 1.0, 0.3)) for v in x]
    )
    assert weight @ rows[:, 1] == pytest.approx(0.0, abs=1e-12)
    assert 0 < weight @ rows[:, 0] < 1e-4


def test_draws_of_z_pay_what_bins_are_said_to_cost() -> None:
    widths = (0.5, 2.0)
    for x in targets.DATA:
        means, errors = targets._measured(x, widths, draws=40_000)
        want = [
            binned_rate.right(binned_rate.Place(x, x / 2, 0.5**0.5, 1.0, 1.0, h))[0] for h in widths
        ]
        assert (np.abs(means - want) < LIMIT * errors).all()


# ---- S10 ------------------------------------------------------------------------------------------------------------------
def test_net_bits_are_those_of_the_course_s_coder_and_their_mean_is_as_predicted() -> None:
    batch = net_bits.batch_of(np.random.default_rng(3), 3, 8, 2, 8)
    grown, means = [], []
    for seed in range(150):
        index, bits = targets.coded(
            *map(tensor, (batch.x, batch.loc, batch.scale, batch.weight, batch.bias)),
            bins=8,
            seed=seed,
        )
        want = binned_rows.right(batch._replace(popped=index.numpy()))
        np.testing.assert_allclose(bits, want[binned_rows.NET], atol=0.03)
        grown.append(bits.numpy())
        means.append(want[binned_rows.MEAN])
    error = np.std(grown, axis=0, ddof=1) / 150**0.5
    assert (np.abs(np.mean(grown, 0) - means[0]) < LIMIT * error).all()


def test_the_identity_is_the_course_s_log_weight() -> None:
    torch.manual_seed(0)
    model, family = VAE(2, 16, 8), Amortized(MeanField(2), mlp(16, 8, 4))
    coder = BitsBack(model, family, precision=4)
    x, index = (
        torch.bernoulli(torch.full((16,), 0.4), generator=torch.Generator().manual_seed(1)),
        np.array([3, 12]),
    )
    with torch.no_grad():
        q, z = family.distribution(x), coder.latents(index)
        density = model.likelihood(z)
        logits = getattr(density, "base_dist", density).logits.double()
    batch = binned_rows.Batch(
        x[None].double().numpy(),
        index[None],
        q.loc[None].double().numpy(),
        q.stddev[None].double().numpy(),
        np.zeros((16, 2)),
        logits.numpy(),
        16,
    )
    assert -coder.log_weight(x, index) / math.log(2) == pytest.approx(
        binned_rows.right(batch)[0, 0], rel=1e-4
    )


# ---- a learned model, and the sealed case ---------------------------------------------------------------------------------
def test_the_bits_of_the_model_that_made_the_data_are_its_entropy() -> None:
    rng = np.random.default_rng(4)
    made, train, _ = compress.world(rng)
    every = np.array(list(itertools.product((0.0, 1.0), repeat=compress.PIXELS)))
    cost = compress.bits(made, every)
    assert (2**-cost).sum() == pytest.approx(1.0)
    entropy = float((2**-cost * cost).sum())
    spread = compress.bits(made, train)
    assert abs(spread.mean() - entropy) < LIMIT * spread.std() / len(train) ** 0.5


def test_what_sealed_coders_spend_is_what_simulated_ones_do() -> None:
    rng = np.random.default_rng(5)
    opened = sealed_case.draw(rng)
    given = {name: value[0] for name, value in opened.given.items()}
    means, variances = sealed_case.spends(
        *(given[name] for name in ("data", "prior", "likelihood", "slots", "tilt"))
    )
    net, rows = sealed_case.ratios(given["prior"], given["likelihood"], given["slots"]), 20_000
    x = rng.choice(len(given["data"]), rows, p=given["data"])
    for which, (tilt, seen) in enumerate(((0.5, x // 2 * 2), (given["tilt"], x), (0.5, x))):
        slot = (rng.random((rows, 4)) < tilt) @ [8, 4, 2, 1]
        z = (slot[:, None] >= given["slots"].cumsum(1)[seen]).sum(1)
        paid = net[seen, z]
        assert abs(paid.mean() - means[which]) < LIMIT * paid.std() / rows**0.5
        assert paid.var() == pytest.approx(variances[which], rel=0.1)


def test_sealed_cases_are_six_standard_errors_apart_and_follow_no_rule() -> None:
    rng = np.random.default_rng(6)
    more = []
    for _ in range(60):
        opened = sealed_case.draw(rng)
        means, _ = sealed_case.spends(
            *(opened.given[name] for name in ("data", "prior", "likelihood", "slots", "tilt"))
        )
        gaps = np.abs(means[:, [0, 0, 1]] - means[:, [1, 2, 2]]).min(1)
        assert (gaps > 5.9 * opened.given["errors"]).all()
        at = [opened.truth.index(name) for name in (sealed_case.LOSSY, sealed_case.DIRTY)]
        more.append([means[at[0], 0] > means[at[0], 2], means[at[1], 1] > means[at[1], 2]])
    assert (np.abs(np.mean(more, 0) - 0.5) < LIMIT * 0.5 / 60**0.5).all()


def test_figures_are_drawn_with_and_without_an_answer() -> None:
    answer = next(a for a in corpus() if a.exercise == "19_binned_rate" and a.right)
    assert len(png(targets.cost_of_width())) > 5000
    assert len(png(targets.cost_of_width(answer.load()))) > 5000


@pytest.mark.parametrize(
    "exercise", ["19_ans_push", "19_ans_pop", "19_bits_back", "19_layered_latents", "19_net_bits"]
)
def test_right_answers_pass(exercise: str) -> None:
    for answer in corpus():
        if answer.exercise == exercise and answer.right:
            assert run_check(exercise, InProcess(answer.load()), 7).passed
