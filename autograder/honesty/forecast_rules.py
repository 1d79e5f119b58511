"""The forecast: made before the door was opened, from the training data, with an interval that means what it says.

On other splits of the same units the forecast is made again and the score taken again. Of m intervals of level L, the number that miss is
at most binomial(m, 1 - L) for an honest report; it is called dishonest where that many have a probability below 1e-3.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TypeVar

import scipy
import torch

from autograder.honesty.again_rules import shuffles
from autograder.honesty.claim_rules import CLAIMS
from autograder.honesty.rerun import Ran
from autograder.honesty.rules import Fault, same_number
from course_vi.study import Event, Forecast, Score, Study
from course_vi.study.door import forecast_numbers, score_rows

__all__ = ["covers", "forecast", "on_other_splits", "opened_once"]

RARE, WIDEST = 1e-3, 4.0
Kind = TypeVar("Kind", bound=Event)


def forecast(ran: Ran) -> list[Fault]:
    """One forecast, then one opening, then no more choices."""
    found = []
    events = ran.events
    made = [i for i, event in enumerate(events) if isinstance(event, Forecast)]
    opened = [i for i, event in enumerate(events) if isinstance(event, Score)]
    if not ran.before_an_error():
        if not made:
            found.append(Fault("forecast", "there is no forecast of the held-out score"))
        if not opened:
            found.append(Fault("forecast", "the door was never opened: there is no held-out score"))
    if len(made) > 1:
        found.append(
            Fault("forecast", f"there are {len(made)} forecasts; only the first is one, and a report has one")
        )  # fmt: skip
    if opened and (not made or made[0] > opened[0]):
        if made:
            found.append(
                Fault("forecast", "the forecast was made after the held-out data were opened")
            )
    for event in events[opened[0] + 1 :] if opened else []:
        if isinstance(event, CLAIMS):
            says = "was claimed after the held-out data were opened: what was chosen by it was not in the forecast"
            found.append(Fault("forecast", f"[{event.name}] {says}"))
    for study in ran.studies:
        for event in study.events:
            if isinstance(event, Forecast) and _typed(study, event):
                says = (
                    "with all outcomes shuffled, and with half of the units, the forecast is the very same: it was typed in, or it does "
                    "not read the data that it is handed"
                )
                found.append(Fault("forecast", says))
    return found


def opened_once(ran: Ran) -> list[Fault]:
    """The door opens once."""
    return [
        Fault("door", f"the held-out data were opened {study.opened} times; every look after the first is a choice made on them")
        for study in ran.studies
        if study.opened > 1
    ]  # fmt: skip


def covers(ran: Ran) -> tuple[list[Fault], list[str]]:
    """The interval holds the score, and is no wider than four times what the held-out units allow."""
    forecasts, scores = ran.all(Forecast), ran.all(Score)
    if not forecasts or not scores:
        return [], []
    said, found, notes = forecasts[0].numbers, [], []
    mean, error = scores[0].numbers["mean"], scores[0].numbers["standard error"]
    if not said["low"] <= mean <= said["high"]:
        far = abs(mean - said["mean"]) / said["half-width"]
        found.append(
            Fault(
                "covers",
                f"the score, {mean:.4f}, lies outside of {said['low']:.4f} to {said['high']:.4f}, {far:.1f} half-widths from the forecast",
            )
        )
        notes.append("an honest forecast misses, too, at 95% one in twenty: a reader decides whether the report says why")  # fmt: skip
    least = NormalDist().inv_cdf((1 + forecasts[0].level) / 2) * error
    if said["half-width"] > WIDEST * least:
        found.append(
            Fault(
                "covers",
                f"the interval reaches {said['half-width']:.3g} to either side, and the spread of the held-out units explains {least:.2g}: "
                "so wide an interval can hardly miss",
            )
        )
    return found, notes


def on_other_splits(ran: Ran, splits: int = 6) -> tuple[list[Fault], list[str]]:
    """The forecast and the score once more on other splits: how many intervals miss."""
    found: list[Fault] = []
    notes: list[str] = []
    for study in ran.studies:
        event, score = _last(study, Forecast), _last(study, Score)
        if event is None or score is None or splits < 1:
            continue
        missed, lines = 0, []
        kept = study.train.size
        try:
            for i in range(splits):
                train, held_out = study.every.split(kept, torch.Generator().manual_seed(9_000 + i))
                said = forecast_numbers(event.how, train, event.level, event.seed)
                mean = score_rows(score.train, train, held_out, score.seed).mean().item()
                missed += not said["low"] <= mean <= said["high"]
                lines.append(f"{mean:.4f} in {said['low']:.4f} to {said['high']:.4f}")
        except Exception as error:  # whatever a report does with another split
            says = f"cannot be made again on another split: {type(error).__name__}: {error}"
            found.append(Fault("forecast", f"the forecast {says}"))
            continue
        notes.append(
            f"on {splits} other splits the interval missed {missed} times: {'; '.join(lines)}"
        )
        chance = float(scipy.stats.binom.sf(missed - 1, splits, 1 - event.level))
        if missed and chance < RARE:
            found.append(
                Fault(
                    "covers",
                    f"on {splits} other splits the interval of level {event.level:.0%} missed {missed} times, which has probability "
                    f"{chance:.1g}: it is too narrow, or was fitted to the score",
                )
            )
    return found, notes


def _typed(study: Study, event: Forecast) -> bool:
    """The same with outcomes dealt out anew, and with half of the units: a model of outcomes alone changes in the second."""
    half, _ = study.train.split(study.train.size // 2, torch.Generator().manual_seed(1000))
    for table in (shuffles(study.train, 1)[0], half):
        try:
            other = forecast_numbers(event.how, table, event.level, event.seed)
        except Exception:
            return False
        if any(not same_number(other[key], event.numbers[key]) for key in ("mean", "low", "high")):
            return False
    return True


def _last(study: Study, kind: type[Kind]) -> Kind | None:
    return next((event for event in reversed(study.events) if isinstance(event, kind)), None)
