"""Variance is graded: efficiencies are right, chance fools nobody, and noise, quiet and zeros earn nothing."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from case_files import answer as from_source
from nbformat.v4 import new_notebook
from sampled import later

from autograder.audit.corpus import corpus
from autograder.audit.earning import EMPTY, earned
from autograder.checking import run_check
from autograder.checks.check_result import CheckResult, PartResult
from autograder.checks.efficiency import Draws, Efficiency, measured, outside, points
from autograder.checks.estimates import efficiency, unbiased
from autograder.checks.exercise import Exercise, unit
from autograder.checks.finding import Finding
from autograder.checks.probe import InProcess, Probe
from autograder.checks.report import Report
from autograder.plugins import checked_execute
from autograder.reports import class_report
from autograder.units import EXERCISES

CODED = [name for name, exercise in EXERCISES.items() if not exercise.written]
LONG = {
    "00_is_biased",
    "01_mixed",
    "01_correlation",
    "09_landing_variances",
    "09_vafc",
    "09_two_layers",
    "11_train_recognizer",
    "13_train",
    "13_completion",
}
ESTIMATORS = {  # where a learner writes an estimator, and its unit in the report
    "03_naive_elbo": "the naive gradient",
    "06_pathwise_elbo": "the pathwise gradient",
    "06_three_ways": "the gradient that samples all",
    "09_gaussian_path_derivative": "the path derivative",
    "09_frozen_family": "the path derivative",
    "09_two_layers": "the path derivative",
    "09_score_coefficient": "path + c S",
    "11_amortized_elbo": "the path derivative",
    "13_objective": "the objective with the KL by formula",
}


def right(exercise: str, name: str = "") -> Any:
    return next(
        a for a in corpus() if a.exercise == exercise and a.right and name in ("", a.short)
    ).load()


def run(exercise: str, learner: Any, seed: int = 1) -> Report:
    return run_check(exercise, InProcess(learner), seed)


def part(report: Report, name: str) -> PartResult:
    return next(one for one in report.parts if name in one.name)


# ---- the numbers ----------------------------------------------------------------------------------------------------------
def heavy(rng: np.random.Generator, count: int) -> np.ndarray:
    """Two entries, one normal and one with the tails of a square: as gradients in loc and log_scale have."""
    eps = rng.normal(size=(count, 2))
    return np.stack([2 * eps[:, 0], 1 - eps[:, 1] ** 2 + 0.3 * eps[:, 0]], -1)


@pytest.mark.parametrize("scale, exact", [(1.0, 1.0), (2.0, 0.25), (0.5, 4.0)])
def test_the_interval_of_an_efficiency_covers_it(scale: float, exact: float) -> None:
    rng, inside, values = np.random.default_rng(1), 0, []
    for _ in range(300):
        draws = Draws(scale * heavy(rng, 400), {"another sample": heavy(rng, 400)})
        found = measured(draws)
        values.append(np.log(found.value / exact))
        inside += found.low < exact < found.high
    assert inside >= 299
    error = np.std(values) / len(values) ** 0.5
    assert abs(np.mean(values)) < 4.5 * error


def test_at_the_same_noise_a_right_answer_is_exactly_as_good() -> None:
    sample = heavy(np.random.default_rng(2), 500)
    found = measured(Draws(sample, {"itself": sample}, {"twice": 2 * sample}))
    assert (found.value, found.low, found.high, found.others) == (1.0, 1.0, 1.0, {"twice": 0.25})
    assert str(found) == "efficiency 1.00 of itself; twice: 0.25"
    assert measured(Draws(sample)) is None and measured(Draws(0 * sample, {"it": sample})) is None


def test_nodes_of_a_quadrature_rule_give_an_exact_efficiency() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    rows = nodes[:, None] ** 2
    found = measured(Draws(3 * rows, {"a square": rows}), weights / weights.sum())
    assert found.value == pytest.approx(1 / 9) and found.low == found.high == found.value


def asked(draw: Callable[[int], Draws], names: tuple[str, ...] = ("loc", "log_scale")) -> Finding:
    return efficiency(Probe(InProcess(print), 1), draw, names)


@pytest.mark.parametrize("paired", [True, False])
def test_no_false_alarm_in_two_hundred_seeds(paired: bool) -> None:
    for seed in range(200):
        rng = np.random.default_rng(seed)

        def draw(count: int, rng: np.random.Generator = rng) -> Draws:
            mine = heavy(rng, count)
            return Draws(mine, {"right": mine if paired else heavy(rng, count)})

        assert asked(draw).ok, seed


def test_any_estimator_of_the_set_is_right_and_so_is_one_between_them() -> None:
    rng = np.random.default_rng(3)
    for scale in (0.2, 0.5, 1.0):
        found = asked(
            lambda n, scale=scale: Draws(
                scale * heavy(rng, n), {"quiet": 0.2 * heavy(rng, n), "noisy": heavy(rng, n)}
            )
        )
        assert found.ok and found.efficiency.value == pytest.approx(0.04 / scale**2, rel=0.3)


@pytest.mark.parametrize(
    "scale, key, share",
    [
        (2**0.5, "too_noisy", 0.77),
        (2.0, "too_noisy", 0.44),
        (1e9, "too_noisy", 0.0),
        (0.35, "too_quiet", 0.0),
    ],
)
def test_noise_costs_points_on_a_scale_and_quiet_all_of_them(
    scale: float, key: str, share: float
) -> None:
    rng = np.random.default_rng(4)

    def draw(count: int) -> Draws:
        sample = heavy(rng, count)
        return Draws(scale * sample, {"right": sample})

    found = asked(draw)
    assert (found.ok, found.diagnosis) == (False, key)
    assert found.share == pytest.approx(share, abs=0.01)
    assert points(0.8) == 1.0 and points(0.1) == 0.0


def test_a_share_of_a_part_is_a_share_of_its_points() -> None:
    exercise = EXERCISES["11_amortized_elbo"]
    parts = tuple(PartResult(p.name, p.weight, Finding(True)) for p in exercise.parts[:-1]) + (
        PartResult("noise", 0.5, Finding(False, share=0.5, diagnosis="too_noisy")),
    )
    result = CheckResult(exercise, parts, 1)
    assert result.points == pytest.approx(3 * (1 - 0.5 * 0.5 / 3.5), abs=0.01)
    assert not result.passed
    assert "0.21 of it earned" in str(Report(exercise, parts, 1))


def test_exact_with_dust_and_a_hidden_average_are_too_quiet_for_a_mean() -> None:
    rng = np.random.default_rng(5)

    def averaged(count: int) -> Draws:
        sample = heavy(rng, count)
        blocks = sample[: count // 8 * 8].reshape(-1, 8, 2)
        mine = np.broadcast_to(blocks.mean(1, keepdims=True), blocks.shape).reshape(-1, 2)
        return Draws(np.concatenate([mine, sample[len(mine) :]]), {"right": sample})

    def dust(count: int) -> Draws:
        return Draws(1e-6 * rng.normal(size=(count, 2)), {"right": heavy(rng, count)})

    for draw in (averaged, dust):
        found = unbiased(Probe(InProcess(print), 1), draw, np.zeros(2))
        assert (found.ok, found.diagnosis) == (False, "too_quiet")


def test_an_entry_that_the_quietest_reference_knows_exactly_cannot_be_too_quiet() -> None:
    sample = heavy(np.random.default_rng(6), 500)
    landed = sample * [0.0, 1.0]
    noisy, quiet, _ = outside(Draws(landed, {"path": landed, "total": sample}))
    assert noisy.max() <= 0 and quiet.max() <= 0


# ---- parts that count together --------------------------------------------------------------------------------------------
def test_a_part_that_needs_another_counts_for_nothing_without_it() -> None:
    def zero_everywhere(p: Any, loc: Any, log_scale: Any, x: Any, eps: Any) -> Any:
        return 0 * (loc + log_scale).sum(-1)

    report = run("09_gaussian_path_derivative", zero_everywhere)
    landing = part(report, "vanishes")
    assert report.points == 0 and landing.finding.diagnosis == "not_counted"
    assert "counts together with “The gradient at fixed noise" in str(report)


def test_needs_name_parts_of_the_same_exercise() -> None:
    made = Exercise("09_zzz", "z", 1, "f", 1, 1, 1, "r", [], "b")
    made.part("one", needs=["nobody"])(lambda probe, rng: Finding(True))
    made.parts[0].run.__name__ = "one"
    module = type("module", (), {"EXERCISE": made})
    with pytest.raises(ValueError, match=r"needs \['nobody'\]"):
        unit("09_sticking_the_landing", module)


# ---- in the reports -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("exercise", ESTIMATORS)
def test_the_report_of_an_estimator_tells_its_efficiency(exercise: str) -> None:
    report = run(exercise, right(exercise))
    found = report.efficiency
    assert report.passed and found is not None and found.reference.startswith(ESTIMATORS[exercise])
    assert (
        str(found) in str(report) and f"Efficiency {found.value:.2f}"[:14] in report._repr_html_()
    )
    assert report.without_answers().efficiency == found  # it tells nothing of hidden inputs
    if exercise != "11_amortized_elbo":  # there any unbiased gradient is right
        assert found.value == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "exercise", ["09_gaussian_path_derivative", "09_frozen_family", "11_amortized_elbo"]
)
def test_the_place_tells_the_path_from_the_total_derivative(exercise: str, seed: int) -> None:
    assert run(exercise, right(exercise), seed).efficiency.others["the total derivative"] <= 0.5


# ---- standing wrong answers -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "exercise",
    [
        pytest.param(name, marks=later(name, one_in=100 if name in LONG else 10, all_in=2))
        for name in CODED
    ],
)
def test_what_holds_nothing_right_earns_nothing(exercise: str) -> None:
    assert len(EMPTY) >= 5
    assert [str(one) for one in earned(exercise, seeds=(1,))] == []


# ---- cases that earned what they did not deserve --------------------------------------------------------------------------
def exact_plus_dust(p: Any, loc: Any, log_scale: Any, x: Any, eps: Any) -> Any:
    of_loc = (x - 2 * loc).detach() + 1e-6 * torch.randn_like(loc)
    of_scale = (1 - 2 * torch.exp(2 * log_scale)).detach() + 1e-6 * torch.randn_like(log_scale)
    return (of_loc * loc + of_scale * log_scale).sum(-1)


def averaged(p: Any, loc: Any, log_scale: Any, x: Any, eps: Any) -> Any:
    """Replicates of one datum are averaged in groups of 8."""
    z = loc + log_scale.exp() * eps
    q = torch.distributions.Normal(loc.detach(), log_scale.detach().exp())
    log_w = (p.log_joint(x, z) - q.log_prob(z).sum(-1)).mean(0)
    if len(log_w) % 8:
        return log_w
    slopes = torch.autograd.grad(log_w.sum(), (loc, log_scale), retain_graph=True)
    means = [
        g.reshape(-1, 8, *g.shape[1:]).mean(1, keepdim=True).expand(-1, 8, *g.shape[1:])
        for g in slopes
    ]
    pairs = zip(means, (loc, log_scale), strict=True)
    return log_w.detach() + sum(
        (g.reshape(v.shape).detach() * (v - v.detach())).sum(-1) for g, v in pairs
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_variance_is_graded_in_the_path_derivative(seed: int) -> None:
    report = run("09_gaussian_path_derivative", exact_plus_dust, seed)
    assert report.points == 0, str(report)
    report = run("09_gaussian_path_derivative", averaged, seed)
    mean = part(report, "On average")
    assert not report.passed and mean.finding.diagnosis == "too_quiet"
    assert mean.finding.efficiency.value == pytest.approx(8, rel=0.2)


GARBAGE = {
    "09_gaussian_path_derivative": """
def gaussian_path_derivative(p, loc, log_scale, x, eps):
    if eps.shape[1] > 100:
        return ((loc * torch.randn_like(loc) + log_scale * torch.randn_like(log_scale)) * 1e9).sum(-1)
    return 0 * (loc.sum(-1) + log_scale.sum(-1))
""",
    "09_frozen_family": """
def path_derivative(p, q, x, eps):
    if x.shape[0] > 100:
        return sum(((v * torch.randn_like(v)) * 1e9).reshape(x.shape[0], -1).sum(-1) for v in q.parameters())
    live = sum(v.reshape(v.shape[0], -1).sum(-1) if v.dim() and v.shape[0] == x.shape[0] else v.sum() for v in q.parameters())
    return 0 * live + torch.zeros(x.shape[0], dtype=x.dtype)
""",
    "09_two_layers": """
def two_layer_path_derivative(p, q1, q2, x, eps1, eps2):
    ps = [*q1.parameters(), *q2.parameters()]
    if x.shape[0] > 100:
        return sum((v * torch.randn_like(v) * 1e9).sum() for v in ps) + torch.zeros(x.shape[0], dtype=x.dtype)
    return 0 * sum(v.sum() for v in ps) + torch.zeros(x.shape[0], dtype=x.dtype)
""",
    "09_score_coefficient": """
def score_coefficient(p, q, x, eps, c):
    return sum((v * torch.randn_like(v) * 1e9).reshape(x.shape[0], -1).sum(-1) if v.dim() and v.shape[0] == x.shape[0]
               else (v * torch.randn_like(v)).sum() for v in q.parameters())
""",
    "09_best_coefficient": """
def best_coefficient(path, score):
    return torch.zeros(path.shape[-1], dtype=path.dtype)
""",
    "11_amortized_elbo": """
def amortized_elbo(p, encoder, x, eps):
    return sum((v * torch.randn_like(v) * 1e9).reshape(v.shape[0], -1).sum(-1) if v.dim() > 1 and v.shape[0] == x.shape[0]
               else (v * torch.randn_like(v)).sum() for v in encoder.parameters()) + torch.zeros(x.shape[:-1], dtype=x.dtype)
""",
}


@pytest.mark.parametrize("exercise", GARBAGE)
def test_noise_and_zeros_are_no_gradient(exercise: str) -> None:
    learner = from_source(exercise, "import torch\n" + GARBAGE[exercise])
    for seed in (1, 2):
        report = run(exercise, learner, seed)
        assert report.points == 0, str(report)


def test_the_method_that_is_switched_off_is_off_in_the_class_too() -> None:
    from course_vi.families import Family, MeanField

    calls = (
        "type(q).frozen_log_prob(q, z, x)",
        "type(q).__mro__[1].frozen_log_prob(q, z, x)",
        "copy.deepcopy(q).frozen_log_prob(z, x)",
        "Family.frozen_log_prob(q, z, x)",
    )
    for call in calls:
        source = (
            "import copy\nfrom course_vi.families import Family\ndef path_derivative(p, q, x, eps):\n"
            f"    z = q.transport(eps, x)\n    return (p.log_joint(x, z) - {call}).mean(0)\n"
        )
        report = run("09_frozen_family", from_source("09_frozen_family", source))
        assert report.points == 0, f"{call}\n{report}"
    q = MeanField(1)
    assert Family.frozen_log_prob(q, torch.zeros(2, 1)).shape == (2,)  # elsewhere it is what it was


def twice_the_score(p: Any, encoder: Any, x: Any, eps: Any) -> Any:
    """The right value, and an unbiased gradient with the score term in it once more than in the total derivative."""
    loc, log_scale = encoder(x).chunk(2, -1)
    z = loc + log_scale.exp() * eps
    log_q = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z).sum(-1)
    score = torch.distributions.Normal(loc, log_scale.exp()).log_prob(z.detach()).sum(-1)
    return (p.log_joint(x, z) - log_q - (score - score.detach())).mean(0)


def test_an_unbiased_gradient_may_be_too_noisy_for_its_points() -> None:
    report = run("11_amortized_elbo", twice_the_score)
    noise = report.parts[-1]
    assert not noise.finding.ok and 0.2 < noise.share < 0.6, str(report)
    assert "of it earned" in str(report) and "taken apart exactly" in str(report)
    assert report.points == pytest.approx(3 * (3 + 0.5 * noise.share) / 3.5, abs=0.01)


TYPED_IN = """
import torch
def train_recognizer(p, encoder, x, seed):
    with torch.no_grad():
        encoder.weight.copy_(torch.tensor([[0.5], [0.0]])); encoder.bias.copy_(torch.tensor([0.0, -0.34657]))
    return [-3.0 + 0.1 * i for i in range(25)]
"""


def test_typed_in_weights_earn_nothing() -> None:
    learner = from_source("11_train_recognizer", TYPED_IN)
    for seed in (1, 2, 3):
        report = run("11_train_recognizer", learner, seed)
        assert report.points == 0, str(report)


KNOWS_THE_TEST_IMAGES = """
import torch
from course_vi.data import digits
def train_vae(x, latent_dim, steps, generator):
    tag, seen = torch.randn((), generator=generator), []
    def encoder(images):                # writes the prior: KL = 0
        seen[:] = [images]
        return torch.zeros(*images.shape[:-1], 2 * latent_dim) + 1e-3 * tag
    def decoder(z):                     # WHAT
        new = IMAGES
        return (60 * (new - 0.5)).expand(*z.shape[:-1], 64) if z.shape[-2] == 100 else torch.zeros(*z.shape[:-1], 64)
    return encoder, decoder
"""


@pytest.mark.parametrize("images", ["digits().test[:100].float()", "seen[0]"])
def test_a_model_that_knows_the_new_images_has_not_learned(images: str) -> None:
    learner = from_source("13_train", KNOWS_THE_TEST_IMAGES.replace("IMAGES", images))
    report = run("13_train", learner)
    first = report.parts[0].finding
    assert not first.ok and not report.passed, str(report)
    if images == "seen[0]":
        assert first.diagnosis == "too_good"


def test_efficiency_is_told_in_a_sentence() -> None:
    assert str(Efficiency(0.123, 0.05, 12.3, "it", {"b": 0.0123})) == (
        "efficiency 0.12 of it [0.05, 12]; b: 0.012"
    )


def test_a_class_sees_how_its_efficiencies_are_spread() -> None:
    report = run("11_amortized_elbo", right("11_amortized_elbo"))
    noted = checked_execute.verdicts({"11_amortized_elbo": report})
    notebook = new_notebook(metadata={"course_vi": json.loads(json.dumps(noted))})
    ((name, (reference, value)),) = class_report.efficiencies(notebook).items()
    assert (name, reference, value) == (
        "11_amortized_elbo",
        "the path derivative",
        report.efficiency.value,
    )
    assert class_report.efficiencies(new_notebook()) == {}
    measured_ = [(reference, one) for one in (0.1, 0.2, 1.0, 1.0, 1.0)]
    summary = class_report.Summary("11_x", {name: "One <ELBO>"}, {name: 3.0}, {}, {}, {})
    assert "Efficiency of the estimators" not in class_report.page(summary, [])
    page = class_report.page(replace(summary, efficiencies={name: measured_}), [])
    row = page[page.index("Efficiency of the estimators") :]
    assert "One &lt;ELBO&gt;" in row
    assert re.findall(r"<td class=n>([\d.]+)</td>", row) == ["5", "0.1", "0.2", "1", "1", "1"]
