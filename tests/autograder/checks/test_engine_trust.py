"""What the engine promises of every check: each row has its own gradient, arguments come back untouched, a loop over the data passes,
and the power that a report states is true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sampled import later
from torch import Tensor

from autograder.audit.corpus import Answer, corpus
from autograder.checking import check, run_check
from autograder.checks import estimates
from autograder.checks.efficiency import Draws
from autograder.checks.estimates import unbiased
from autograder.checks.power import REPLICATES, Z_LIMIT, caught, limit, normal_score, power
from autograder.checks.probe import InProcess, LearnerError, Probe
from autograder.checks.report import Report
from autograder.protocol import again, by_datum, pullback, watch, wire
from autograder.units import EXERCISES

RIGHT = [answer for answer in corpus() if answer.right]
TRAINED = ("11_train_recognizer", "13_train")
NOTHING_TO_CHANGE = (
    *TRAINED,
    "05_best_baseline",
    "06_predicted_variances",
    "06_score_wins",
    "07_straight_through",
    "09_vafc",
    "12_fan_at_rest",
    "14_renyi_faults",
    "15_two_scores",
    "19_ans_push",
    "19_ans_pop",
    "19_binned_rate",
)  # trained; plain or whole numbers; a class: see below; programs
GRADIENT_ASKED = {
    "00_value_and_gradient",
    "02_predicted_bias",
    "03_naive_elbo",
    "05_score_surrogate",
    "06_location_scale",
    "06_pathwise_elbo",
    "06_three_ways",
    "06_implicit_gamma",
    "07_gumbel_softmax",
    "07_conditional_gumbels",
    "08_sparse_normal",
    "08_coupling_flow",
    "09_gaussian_path_derivative",
    "09_frozen_family",
    "09_two_layers",
    "09_score_coefficient",
    "10_any_smooth_bound",
    "11_amortized_elbo",
    "13_objective",
    "16_minibatch_elbo",
    "16_process_elbo",
    "14_stl_loss",
    "15_conditional",
    "17_deep_markov_elbo",
}
ONE_NUMBER = {"14_stl_loss"}  # of which a gradient is asked: it has no rows that could be mixed up
OF_ONE_DATUM = (
    "03_three_forms",
    "03_naive_elbo",
    "06_pathwise_elbo",
    "09_gaussian_path_derivative",
    "09_frozen_family",
    "09_two_layers",
    "09_score_coefficient",
    "11_amortized_elbo",
    "13_objective",
)


# Under vmap PyTorch itself refuses requires_grad_ and the validation of a distribution's arguments; these idioms use neither.
MAPPED = {"09_frozen_family": "right_functional_call", "09_two_layers": "right_functional_call"}


def first(exercise: str, stem: str = "") -> Any:
    return next(
        answer for answer in RIGHT if answer.exercise == exercise and stem in ("", answer.short)
    ).load()


def run(exercise: str, learner: Any, seed: int = 1) -> Report:
    return run_check(exercise, InProcess(learner), seed)


def on_results(
    learner: Callable[..., Any], change: Callable[[Tensor], Tensor]
) -> Callable[..., Any]:
    """The same function, each tensor that it returns changed."""

    def each(result: Any) -> Any:
        if isinstance(result, Tensor):
            return change(result)
        return type(result)(map(each, result)) if type(result) in (tuple, list) else result

    return lambda *args, **kwargs: each(learner(*args, **kwargs))


def neighbours(r: Tensor) -> Tensor:
    """The same values; each row carries its neighbour's gradient."""
    if not r.requires_grad or r.dim() == 0:
        return r
    return r.detach() + (r.roll(1, -1) - r.roll(1, -1).detach())


def batch_mean(r: Tensor) -> Tensor:
    """The same values; each row carries the mean gradient of the batch."""
    return r.detach() + (r.mean() - r.mean().detach()) if r.requires_grad else r


# ---- gradients ------------------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_which_exercises_ask_for_a_gradient() -> None:
    """Those in which a right answer without a graph is wrong: a new one must be entered, and is then tried below."""
    functions = [
        name
        for name in dict.fromkeys(answer.exercise for answer in RIGHT)
        if name not in TRAINED and not isinstance(first(name), type)
    ]
    assert {
        name for name in functions if not run(name, on_results(first(name), Tensor.detach)).passed
    } == GRADIENT_ASKED


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(a, id=a.name, marks=later(a.name, one_in=8, all_in=2))
        for a in RIGHT
        if a.exercise in GRADIENT_ASKED - ONE_NUMBER
    ],
)
@pytest.mark.parametrize("change", [neighbours, batch_mean])
def test_a_row_with_another_gradient_fails(
    answer: Answer, change: Callable[[Tensor], Tensor]
) -> None:
    assert not run(answer.exercise, on_results(answer.load(), change)).passed


def test_rows_are_divided_by_their_weights_and_shared_parameters_keep_them() -> None:
    own, shared = (
        torch.ones(*shape, dtype=torch.float64, requires_grad=True) for shape in ((3, 2), (2,))
    )
    value = (own * shared * torch.arange(1.0, 4.0).double()[:, None]).sum(-1)
    weights = pullback.row_weights((3,), 7)
    rows, common = pullback.pull_back(value, (own, shared), value.shape, 7)
    torch.testing.assert_close(rows, torch.arange(1.0, 4.0).double()[:, None].expand(3, 2))
    torch.testing.assert_close(common, (weights @ torch.arange(1.0, 4.0).double()).expand(2))
    assert weights.abs().unique().numel() == 3 and not torch.equal(
        weights, pullback.row_weights((3,), 8)
    )


def test_the_judge_can_repeat_the_weights_of_a_request() -> None:
    params = {
        "weight": np.array([[0.3], [0.1]]),
        "bias": np.array([0.2, -0.4]),
        "x": np.array([[1.0], [2.0], [-1.0]]),
    }
    reply = Probe(InProcess(lambda encoder, x: encoder(x).sum(-1)), 4).gradient(
        "toy/encoder", params, wire.ref("encoder"), wire.ref("x")
    )
    weights = pullback.row_weights((3,), reply.seed)
    np.testing.assert_allclose(reply.gradient["bias"], [float(weights.sum())] * 2)


# ---- arguments ------------------------------------------------------------------------------------------------------------
def destroying(learner: Callable[..., Any]) -> Callable[..., Any]:
    """The same result; afterwards the first argument that can be changed is."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = learner(*args, **kwargs)
        for value in [*args, *kwargs.values()]:
            if isinstance(value, (Tensor, np.ndarray)) and value.dtype in (
                torch.float64,
                torch.float32,
                np.float64,
            ):
                value.detach().add_(1.0) if isinstance(value, Tensor) else value.__iadd__(1.0)
                return result
            if isinstance(value, dict):
                value.clear()
                return result
        return result

    return call


@pytest.mark.parametrize(
    "exercise",
    [name for name in dict.fromkeys(a.exercise for a in RIGHT) if name not in NOTHING_TO_CHANGE],
)
def test_a_changed_argument_is_seen_and_named(exercise: str) -> None:
    report = run(exercise, destroying(first(exercise)))
    assert "argument_changed" in report.diagnoses, str(report)


def test_a_changed_argument_is_named_in_words() -> None:
    def log_mean_exp(log_w: Tensor) -> Tensor:
        top = log_w.max(0).values
        log_w -= top
        return log_w.exp().mean(0).log() + top

    finding = check("00_log_mean_exp", log_mean_exp, seed=0).parts[0].finding
    assert (
        finding.diagnosis == "argument_changed"
        and finding.actual == "log_w came back changed"
        and ".clone()" in finding.hint
    )


def test_methods_are_watched_from_outside_only() -> None:
    class Learner:
        def outer(self, a: Tensor) -> Tensor:
            return self.inner(a.clone())

        def inner(self, a: Tensor) -> Tensor:
            return a.mul_(2.0)

    learner = watch.watched(Learner)()
    assert learner.outer(torch.ones(2)).sum() == 4
    with pytest.raises(watch.ArgumentChanged, match="^a came back"):
        learner.inner(torch.ones(2))
    with pytest.raises(watch.ArgumentChanged, match=r"^rows and weights came"):
        watch.watched(lambda rows, weights: (rows.append(1), weights.pop("a")))([0], {"a": 1})


def test_a_gradient_left_on_in_an_argument_is_a_change() -> None:
    weights = torch.ones(2, requires_grad=True)
    assert watch.watched(lambda a: a.detach().requires_grad_().sum())(weights) == 2
    with pytest.raises(watch.ArgumentChanged, match="^a came back"):
        watch.watched(lambda a: a.requires_grad_().sum())(torch.ones(2))
    with pytest.raises(watch.ArgumentChanged, match="^a came back"):
        watch.watched(lambda a: a.requires_grad_(False).sum())(weights)


def test_a_mode_and_gradients_left_in_a_network_are_a_change() -> None:
    layer = torch.nn.Linear(1, 1)
    assert watch.watched(lambda net: net.eval().train()(torch.ones(1)).item())(layer) is not None
    with pytest.raises(watch.ArgumentChanged, match="^net came back"):
        watch.watched(lambda net: net.eval())(layer)
    layer.train()
    with pytest.raises(watch.ArgumentChanged, match="^net came back"):
        watch.watched(lambda net: net(torch.ones(1)).backward())(layer)


def test_a_class_of_an_exercise_is_watched() -> None:
    class VAFC(first("09_vafc")):  # type: ignore[misc]
        def t(self, s1: Tensor, s2: Tensor) -> Tensor:
            z = super().t(s1, s2)
            s1.zero_()
            return z

    assert "argument_changed" in run("09_vafc", VAFC).diagnoses


@pytest.mark.parametrize(
    "exercise",
    [
        "00_log_mean_exp",
        "03_gap",
        "06_three_ways",
        "09_gaussian_path_derivative",
        "11_gaps",
        "13_kl",
    ],
)
def test_a_function_that_remembers_is_named(exercise: str) -> None:
    """Right whenever it is asked for something new, and wrong when the same is asked again at once."""
    right, seen = first(exercise), []

    def learner(*args: Any) -> Any:
        result = right(*args)
        numbers = torch.cat(
            [
                torch.as_tensor(a).detach().double().flatten()
                for a in args
                if isinstance(a, (Tensor, np.ndarray))
            ]
        )
        again = bool(seen) and seen[-1].shape == numbers.shape and torch.equal(seen[-1], numbers)
        seen.append(numbers)
        return on_results(lambda: result, lambda r: r + 1.0)() if again else result

    assert "stateful" in run(exercise, learner).diagnoses


def test_a_question_is_asked_once_where_a_part_says_so() -> None:
    calls: list[int] = []
    probe = Probe(InProcess(lambda: (calls.append(1), 1.0 * len(calls))[1]), 1)
    probe.value()
    assert len(calls) == 2 and probe.stateful
    probe = Probe(InProcess(lambda: calls.append(1)), 1)
    probe.twice = False
    probe.value()
    assert len(calls) == 3 and not probe.stateful


# ---- a part of the batch --------------------------------------------------------------------------------------------------
def by_slices(learner: Callable[..., Any]) -> Callable[..., Any]:
    """Datum by datum, each with a batch axis of length one: ``q(x[b:b+1], z[:, b:b+1])``."""
    return lambda *args: _over_data(
        learner, args, lambda value, axis, b: value.narrow(axis, b, 1), torch.cat
    )


def by_items(learner: Callable[..., Any]) -> Callable[..., Any]:
    """Datum by datum, without a batch axis: ``q(x[b], z[:, b])``."""
    return lambda *args: _over_data(
        learner, args, lambda value, axis, b: value.select(axis, b), torch.stack
    )


def by_vmap(learner: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        axes = _axes(args)
        if all(axis is None for axis in axes):
            return learner(*args)
        places = [place for place, axis in enumerate(axes) if axis is not None]

        def one(*values: Tensor) -> Any:
            return learner(
                *[
                    values[places.index(place)] if place in places else value
                    for place, value in enumerate(args)
                ]
            )

        return torch.func.vmap(one, tuple(axes[place] for place in places))(
            *[args[place] for place in places]
        )

    return call


def _axes(args: tuple[Any, ...]) -> list[int | None]:
    """Where each tensor has the data: axis 0 of those of the data, axis 1 of samples and noise."""
    tensors = [value for value in args if isinstance(value, Tensor)]
    least = min(value.dim() for value in tensors)
    return [
        None if not isinstance(value, Tensor) or least < 2 else 0 if value.dim() == least else 1
        for value in args
    ]


def _over_data(
    learner: Callable[..., Any],
    args: tuple[Any, ...],
    take: Callable[[Tensor, int, int], Tensor],
    join: Callable[[list[Tensor]], Tensor],
) -> Any:
    axes = _axes(args)
    count = next(
        (value.shape[axis] for value, axis in zip(args, axes, strict=True) if axis is not None),
        None,
    )
    if count is None:
        return learner(*args)
    rows = [
        learner(
            *[
                value if axis is None else take(value, axis, b)
                for value, axis in zip(args, axes, strict=True)
            ]
        )
        for b in range(count)
    ]
    return join(rows) if isinstance(rows[0], Tensor) else tuple(map(join, zip(*rows, strict=True)))


@pytest.mark.parametrize(
    ("exercise", "road"),
    [
        pytest.param(exercise, road, marks=later(exercise + road.__name__, one_in=3, all_in=2))
        for exercise in OF_ONE_DATUM
        for road in (by_slices, by_items, by_vmap)
        if (exercise, road) != ("03_three_forms", by_vmap)
    ],
)  # nor does p.log_evidence map
def test_a_loop_over_the_data_passes(
    exercise: str, road: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimates, "BUDGET", (0.2, 0.4))
    report = run(
        exercise, road(first(exercise, MAPPED.get(exercise, "") if road is by_vmap else ""))
    )
    assert report.passed, str(report)


def test_rows_are_found_by_the_value_of_x() -> None:
    x = by_datum.told_apart(torch.tensor([[2.0, 0.0], [2.0, 0.0], [1.0, 5.0]], dtype=torch.float64))
    loc = torch.arange(6.0, dtype=torch.float64).reshape(3, 2)
    q = by_datum.RowMeanField(2, loc, torch.zeros_like(loc)).at(x)
    for b in range(3):
        assert torch.equal(
            q.distribution_parameters(x[b : b + 1])["loc"], loc[b : b + 1]
        ) and torch.equal(q.distribution_parameters(x[b])["loc"], loc[b])
    assert torch.equal(
        torch.func.vmap(lambda row: q.distribution_parameters(row)["loc"])(x.flip(0)), loc.flip(0)
    )
    assert torch.equal(
        q.distribution_parameters(x.expand(4, 3, 2))["loc"], loc.expand(4, 3, 2)
    ) and torch.equal(q.distribution_parameters()["loc"], loc)
    assert torch.equal(q.distribution_parameters(torch.zeros(3, 2))["loc"], loc), (
        "as many rows as data: row by row"
    )
    with pytest.raises(ValueError, match="on a part of the batch"):
        q.distribution_parameters(torch.zeros(1, 2))


def test_a_reply_that_is_too_large_is_told_in_the_learner_s_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "MAX_BYTES", 4000)
    monkeypatch.setattr(again, "SMALL", 0)
    with pytest.raises(
        LearnerError, match=r"a tensor of shape \(40, 40\), far larger than"
    ) as error:
        Probe(InProcess(lambda: torch.zeros(40, 40)), 1).value()
    assert error.value.kind == "ResultTooLarge"


# ---- power ----------------------------------------------------------------------------------------------------------------
def test_the_power_that_is_stated_is_had() -> None:
    """A thousand checks of a bias that is said to be caught in 95 of 100, and of half of it; by the normal table: 0.95, 0.05."""
    rng = np.random.default_rng(0)
    least = caught(1 / REPLICATES**0.5)
    for bias in (least, least / 2):
        found = 0
        for _ in range(
            1000
        ):  # the mean of R normal numbers is normal; what varies is drawn, and no more
            looks = [
                abs(bias * (more * REPLICATES) ** 0.5 + rng.normal()) > Z_LIMIT for more in (1, 4)
            ]
            found += all(looks)
        assert abs(found / 1000 - power(bias, 1 / REPLICATES**0.5)) < 0.03
    assert (
        power(least, 1 / REPLICATES**0.5) == pytest.approx(0.95, abs=1e-6)
        and power(0.0, 1.0) < 1e-12
    )


def test_the_check_itself_has_the_power_that_it_states() -> None:
    rng = np.random.default_rng(1)
    report = unbiased(
        Probe(InProcess(print), 1), lambda count: rng.normal(size=(count, 1)), np.zeros(1)
    )
    assert (
        report.ok
        and "a bias of 0.067 would have been caught with 95%" in report.actual
        or "0.066" in report.actual
    ), report.actual
    missed = sum(
        unbiased(
            Probe(InProcess(print), 1),
            lambda count: 0.0665 + rng.normal(size=(count, 1)),
            np.zeros(1),
        ).ok
        for _ in range(200)
    )
    assert 1 <= missed <= 25, "one in twenty"


def test_few_blocks_are_judged_by_student_s_table() -> None:
    """The mean of ten normal numbers exceeds five standard errors a thousand times more often than the normal table says."""
    t = np.random.default_rng(4).standard_t(9, 1_000_000)
    assert (np.abs(t) > Z_LIMIT).sum() > 500 and (np.abs(normal_score(t, 10)) > Z_LIMIT).sum() <= 5
    assert normal_score(np.array([-limit(10), 3.0, 99.0]), 10) == pytest.approx(
        [-Z_LIMIT, 2.43, 99.0], abs=0.02
    )
    assert limit(10_000) == pytest.approx(Z_LIMIT, abs=0.01)


def test_noise_cannot_hide_a_bias() -> None:
    rng = np.random.default_rng(2)
    probe = Probe(InProcess(print), 1)
    noisy = lambda count: 0.1 + 4.0 * rng.normal(size=(count, 1))  # noqa: E731
    right = lambda count: rng.normal(size=(count, 1))  # noqa: E731
    beside = lambda draw: lambda count: Draws(draw(count), {"right": right(count)})  # noqa: E731
    assert unbiased(probe, noisy, np.zeros(1)).ok
    finding = unbiased(probe, beside(noisy), np.zeros(1))
    assert (
        finding.diagnosis == "too_noisy" and "times the noise of a right estimate" in finding.actual
    )
    assert unbiased(probe, beside(right), np.zeros(1)).ok


def asked_of(
    seconds: Callable[[int, int], float], monkeypatch: pytest.MonkeyPatch
) -> tuple[list[int], str]:
    """The rows of each call of an estimator whose calls take so long, by their number and rows; and what is said of it."""
    now, asked = [0.0], []
    monkeypatch.setattr(estimates.time, "perf_counter", lambda: now[0])
    rng = np.random.default_rng(3)

    def draw(count: int) -> np.ndarray:
        now[0] += seconds(len(asked), count)
        asked.append(count)
        return rng.normal(size=(count, 1))

    finding = unbiased(Probe(InProcess(print), 1), draw, np.zeros(1))
    assert finding.ok
    return asked, finding.actual


def test_a_function_that_walks_over_the_data_is_asked_in_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, said = asked_of(lambda call, rows: 1e-3 * rows, monkeypatch)
    assert asked == [50] + 4 * [400]
    assert "over 1,600 replicates, all that there was time for" in said
    assert "a bias of 0.16 would" in said


@pytest.mark.parametrize("call", range(4))
def test_a_busy_machine_hands_no_great_many_rows_to_a_loop(
    call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A loop that keeps a gradient of all rows for each needs their square: twenty gigabytes once went to 10,000 of them."""
    asked, _ = asked_of(lambda now, rows: 3e-4 * rows + (now == call), monkeypatch)
    assert max(asked) <= 3200


def test_all_rows_at_once_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for fixed, each in ((0.001, 1e-6), (0.2, 1e-6), (0.2, 3e-5)):
        asked, said = asked_of(lambda call, rows: fixed + each * rows, monkeypatch)  # noqa: B023
        assert asked == [50, 400, 3200, 10_000] and "all that there was time" not in said


def test_block_gradients_are_means_of_rows() -> None:
    params = {
        "weight": np.array([[0.3], [0.1]]),
        "bias": np.array([0.2, -0.4]),
        "x": np.arange(6.0)[:, None],
    }
    probe = Probe(InProcess(lambda encoder, x: encoder(x)[:, 0] ** 2), 4)
    rows = probe.block_gradients(
        "toy/encoder", params, 3, wire.ref("encoder"), wire.ref("x")
    ).gradient["bias"]
    np.testing.assert_allclose(rows[:, 0], (2 * (0.3 * np.arange(6.0) + 0.2)).reshape(3, 2).mean(1))
    with pytest.raises(LearnerError, match="expected one number for each datum"):
        Probe(InProcess(lambda encoder, x: encoder(x)), 4).block_gradients(
            "toy/encoder", params, 3, wire.ref("encoder"), wire.ref("x")
        )


def test_every_exercise_has_its_answers() -> None:
    assert {answer.exercise for answer in RIGHT} == {
        name for name, exercise in EXERCISES.items() if not exercise.written
    }
