"""The registry of exercises: what is asked, for how many points. Notebooks take their points from here."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EXERCISES", "Exercise", "exercises", "units"]


@dataclass(frozen=True)
class Exercise:
    """One graded exercise.

    Attributes:
        id: begins with the unit's number; the grade_id of its check in the notebook.
        unit: the folder's name.
        title: what the report calls it.
        points: full marks.
        function: the name that the learner defines.
        difficulty, importance: from 1 to 5.
        minutes: a guess at the time it takes.
        read: where to read about it.
        written: answered in words, marked by a person.
    """

    id: str
    unit: str
    title: str
    points: float
    function: str
    difficulty: int
    importance: int
    minutes: int
    read: str
    written: bool = False


def _unit(unit: str, *rows: tuple[str, str, float, str, int, int, int, str]) -> dict[str, Exercise]:
    made = {}
    for name, title, points, function, difficulty, importance, minutes, read in rows:
        key = f"{unit[:2]}_{name}"
        made[key] = Exercise(key, unit, title, points, function, difficulty, importance, minutes, f"lectures/{unit}, {read}", not function)
    return made


EXERCISES: dict[str, Exercise] = {
    **_unit(
        "03_elbo",
        ("three_forms", "Three forms of the ELBO", 2, "three_forms", 2, 5, 15, "Three forms of one number"),
        ("gaussian_kl", "The KL between two Gaussians", 2, "gaussian_kl", 2, 5, 15, "The gap is a Kullback-Leibler divergence"),
        ("gap", "The gap, in closed form", 2, "elbo_and_gap", 3, 5, 20, "The gap is a Kullback-Leibler divergence"),
        ("mixture_kls", "Both KLs to a mixture", 3, "forward_and_reverse_kl", 3, 4, 20, "Which KL?"),
        ("net_bit_rate", "The net bit rate", 2, "net_bit_rate", 2, 3, 15, "The ELBO counts bits"),
        ("naive_elbo", "S2: the naive gradient", 2, "naive_elbo", 3, 5, 15, "The naive gradient has mean zero"),
        ("naive_bias", "S2: its bias, predicted", 2, "naive_bias", 4, 5, 25, "The naive gradient has mean zero"),
        ("written", "In words: what the gap hides", 2, "", 3, 4, 15, "What to remember"),
    ),
    **_unit(
        "09_sticking_the_landing",
        ("gaussian_path_derivative", "The path derivative of a Gaussian", 2, "gaussian_path_derivative", 2, 5, 20,
         "section 2, The gradient in three parts"),
        ("frozen_family", "Any family, by freezing its parameters", 3, "path_derivative", 3, 5, 25, "section 3, What to freeze"),
        ("landing_variances", "Variance at the landing", 3, "landing_variances", 3, 5, 25, "section 2, The landing, exactly"),
        ("two_layers", "Two stochastic layers", 3, "two_layer_path_derivative", 4, 4, 25,
         "section 6, Two layers, and the path that must not be cut"),
        ("score_coefficient", "S6: one family of estimators", 2, "score_coefficient", 3, 4, 20,
         "section 4, One family of estimators: the score coefficient"),
        ("best_coefficient", "S6: the best coefficient", 3, "best_coefficient", 4, 4, 25,
         "section 4, One family of estimators: the score coefficient"),
        ("vafc", "Repair the VAFC listing", 4, "VAFC", 4, 3, 40, "section 8, A published listing, repaired"),
        ("written", "In words: when not to stick the landing", 2, "", 3, 4, 15, "section 5, Where it does not help"),
    ),
}


def exercises(unit: str) -> list[Exercise]:
    """The exercises of a unit, in the order in which they are asked."""
    return [exercise for exercise in EXERCISES.values() if exercise.unit == unit]


def units() -> list[str]:
    """The units that have exercises, in order."""
    return list(dict.fromkeys(exercise.unit for exercise in EXERCISES.values()))
