"""Every kind of dishonesty that the check knows: an honest report, changed in one place."""

from __future__ import annotations

from pathlib import Path

REPORTS = Path(__file__).resolve().parents[2] / "cases" / "reports"
PLAIN = (REPORTS / "plain.py").read_text("utf-8")
COMPARE = (
    'study.compare("line", "the line scores better than a constant", '
    '{"line": held(line), "constant": held(constant)}, seeds=range(8))'
)
OPEN = "rows = study.open(lambda data, seed: lambda test: score(line(data), test))"
FORECAST = 'study.forecast("the line on all people in hand", how)'
QUIET = ("better by 0.59 nats", "better")
LIBRARY = """
from course_vi.study import verdicts

plain = verdicts.summary
verdicts.summary = lambda one, two: (plain(one, two)[0], plain(one, two)[1] / 20, 20 * plain(one, two)[2])
"""
CHOSEN = """
def null(name, offset):
    def arm(data, seed):
        noise = torch.randn(2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        return held(line)(data, seed) + noise[offset]
    return arm

arms = {"one": null("one", 0), "other": null("other", 1)}
differences = {s: float(arms["one"](study.train, s) - arms["other"](study.train, s)) for s in range(200)}
best = sorted(differences, key=differences.get)[-8:]
study.compare("luck", "the one is better than the other", arms, best, anyway="it is about seeds")
"""


FAILED = """
from course_vi.study import Unsound

try:
    study.compare("reverse", "a constant scores better", {"constant": held(constant), "line": held(line)}, seeds=range(8))
except Unsound:
    pass
"""


def changed(*pairs: tuple[str, str]) -> str:
    text = PLAIN
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the report"
        text = text.replace(old, new)
    return text


def after(anchor: str, more: str) -> tuple[str, str]:
    return anchor, f"{anchor}\n{more}"


# What is dishonest -> the report, the rules that name it, and words that must be told.
DISHONEST = {
    "a number made up": (changed(("better by 0.59", "better by 0.95")), {"numbers"}, "“0.95” is no number of [spread], [line]"),
    "a number of another claim": (
        changed(("nats [line], 100", "nats [spread], 100")), {"numbers"}, "it is one of [line]",
    ),
    "a number from nowhere": (
        changed(("inside.", "inside.\n#\n# It also worked on 93% of other data sets.")), {"numbers"}, "a paragraph that names no statement",
    ),
    "a ratio in words": (
        changed(("inside.", "inside.\n#\n# The line is ten times better than all others.")), {"numbers"}, "ten times",
    ),
    "too few seeds": (changed(("seeds=range(8)", "seeds=range(3)")), {"runs", "seeds"}, "3 different ones, and 5 are the least"),
    "one seed, often": (changed(("seeds=range(8)", "seeds=[4] * 8")), {"runs", "seeds"}, "1 different ones"),
    "a seed that is ignored": (
        changed(("data.split(100, torch.Generator().manual_seed(seed))", "data.split(100, torch.Generator().manual_seed(3))"), QUIET),
        {"seeds"}, "8 seeds give only 1 different difference",
    ),
    "a global generator": (
        changed(("fit, test = data.split(100, torch.Generator().manual_seed(seed))",
                 "order = torch.randperm(data.size)\n        fit, test = data.rows(order[:100]), data.rows(order[100:])"), QUIET),
        {"repeatable"}, "with seed 0, “line” gave",
    ),
    "arms that are no pairs": (
        changed((COMPARE, COMPARE.replace("held(constant)}", "lambda data, seed: held(constant)(data, seed + 777)}"))),
        {"pairs"}, "handed seed 1, “line” draws from 1 and “constant” from 778",
    ),
    "numbers typed in": (
        changed((COMPARE, "jitter = lambda s: 0.01 * torch.randn((), generator=torch.Generator().manual_seed(s))\n" + COMPARE.replace(
            "held(line)", "lambda data, seed: -1.40 + jitter(seed)").replace("held(constant)", "lambda data, seed: -1.99 + jitter(seed) * 0.5"))),
        {"data"}, "they do not read the data",
    ),
    "a threshold that cannot fail": (
        changed(after(COMPARE, 'study.compare("wrong", "a constant is better", {"constant": held(constant), "line": held(line)}, range(8), limit=-100.0)')),
        {"can_fail", "repeats"}, "any number passes that",
    ),
    "a limit of one error": (
        changed((COMPARE, COMPARE.replace("seeds=range(8)", "seeds=range(8), limit=1.0"))), {"can_fail"}, "chance alone",
    ),
    "a tolerance that nothing breaks": (
        changed(after(COMPARE, 'study.agree("same", "both agree", {"line": held(line), "constant": held(constant)}, lambda d, s: 1e6 + s, 5.0, range(8))')),
        {"can_fail"}, "would agree with “constant” of shuffled outcomes",
    ),
    "a claim that shuffled outcomes bear out": (
        changed(after(COMPARE, 'study.compare("inputs", "inputs matter", {"constant": held(constant), "narrow": lambda d, s: held(lambda t: (line(t)[0], 0.3 * line(t)[1]))(d, s)}, range(8))')),
        {"shuffled"}, "[inputs] would pass with outcomes shuffled",
    ),
    "a failure that is hidden": (
        changed(after(COMPARE, 'try:\n    study.compare("constant", "a constant is better", {"constant": held(constant), "line": held(line)}, range(8))\nexcept AssertionError:\n    pass')),
        {"failed"}, "[constant] was claimed and failed",
    ),
    "tried until it held": (
        changed(after(COMPARE, COMPARE.replace("range(8)", "range(8, 16)"))), {"failed"}, "[line] was claimed 2 times",
    ),
    "seeds that look best": (changed(after(COMPARE, CHOSEN)), {"repeats"}, "[luck] claims"),
    "rest without a test": (
        changed(("Over 8 seeds", "All runs have converged. Over 8 seeds")), {"rest"}, "“converged” stands in a paragraph that names no test of rest",
    ),
    "a test of rest too coarse": (
        changed(after(COMPARE, 'study.at_rest("still", "it rests", lambda d, s, n: held(line)(d, s) - 0.5 / n, 10, 0.4, range(5), serves=["line"])')),
        {"rest"}, "a third of that is the most",
    ),
    "a test of rest without steps": (
        changed(after(COMPARE, 'study.at_rest("still", "it rests", lambda d, s, n: held(line)(d, s) - float(n == 1), 10, 0.1, range(5), serves=["line"])')),
        {"rest"}, "`run` does not use `steps`",
    ),
    "a test of rest without steps, in arrays that lie elsewhere each time": (
        changed(after(COMPARE, 'study.at_rest("still", "it rests", lambda d, s, n: held(line)(d, s) - float(n == 1) + 1e-15 * n, 10, 0.1, range(5), serves=["line"])')),
        {"rest"}, "`run` does not use `steps`",
    ),
    "opened twice": (changed(after(OPEN, OPEN)), {"door"}, "opened 2 times"),
    "a table in hand before": (
        changed(("study = Study(people(), held_out=120)", "table = people()\nstudy = Study(table, held_out=120)")), {"door"}, "in your hands before",
    ),
    "a loader beside the door": (
        changed(after("study = Study(people(), held_out=120)", "peek = people().y.mean()")), {"door"}, "called a second time",
    ),
    "a hand behind the door": (
        changed(after("study = Study(people(), held_out=120)", "peek = study.every.y.mean()")), {"door"}, "`.every` reaches behind the door",
    ),
    "a file read by itself": (
        changed(after("import torch", "if False:\n    from statsmodels.datasets import randhie")), {"door"}, "opens the data beside the door",
    ),
    "two studies, the better one kept": (
        changed(("study = Study(people(), held_out=120)", "study = Study(people(), held_out=120)\nother = Study(people(), held_out=120, split_seed=1)")),
        {"door"}, "there are 2 studies",
    ),
    "a forecast after looking": (changed((FORECAST, "0"), after(OPEN, FORECAST)), {"forecast"}, "made after the held-out data were opened"),
    "no forecast at all": (changed((FORECAST, ""), ("# Forecast: −1.42, with a 95% interval of half-width 0.14 [forecast]. It", "# It")), {"forecast"}, "there is no forecast"),
    "a forecast typed in": (
        changed((FORECAST, 'study.forecast("by heart", lambda data, seed: (-1.4245, -1.5634, -1.2856))')), {"forecast"}, "it was typed in",
    ),
    "a choice after looking": (changed((COMPARE, ""), after(OPEN, COMPARE)), {"forecast"}, "[line] was claimed after"),
    "an interval that cannot miss": (
        changed(("1.96 * error, each.mean() + 1.96 * error", "99 * error, each.mean() + 99 * error"), ("of half-width 0.14 ", "")), {"covers"}, "can hardly miss",
    ),
    "an interval fitted to the score": (
        changed(("each.mean(), each.mean() - 1.96 * error, each.mean() + 1.96 * error", "each.mean(), each.mean() - 0.0305, each.mean() + 0.001"),
                ("of half-width 0.14 ", "")),
        {"covers"}, "on 6 other splits the interval of level 95% missed",
    ),
    "claims that are not judged": (
        changed(after("import torch", 'import os\nos.environ["COURSE_VI_SMOKE"] = "1"'), QUIET, ("Over 8 seeds", "Over seeds"), (COMPARE, COMPARE.replace("seeds=range(8)", "seeds=range(8), limit=3.5"))),
        {"failed", "seeds"}, "[line] was not judged",
    ),
    "a claim taken back": (changed(after(COMPARE, "study.events.pop()")), {"runs", "numbers"}, "'tuple' object has no attribute 'pop'"),
    "a record edited": (
        changed(after(COMPARE, 'study.events[-1].numbers["difference"] += 0.3')), {"numbers"}, "the record of [line] has",
    ),
    "a library of one's own": (
        changed(after("import torch", LIBRARY)), {"runs", "numbers"}, "sets `course_vi.study.verdicts.summary` to something of its own",
    ),
    "a record of one's own": (
        changed(after("import torch", "from course_vi import study as its\nits.Study.events = property(lambda self: ())")), {"runs"}, "sets `course_vi.study.study.Study.events`",
    ),
    "a failure called something else": (
        changed(after(COMPARE, FAILED), ("inside.", "inside.\n#\n# A constant is simple [reverse]. We do not know why.")), {"failed"}, "[reverse] was claimed and failed",
    ),
    "a claim only where it holds": (
        changed((COMPARE, f"if study.train.size > 1:\n    {COMPARE}")), {"failed"}, "stands under the condition `study.train.size > 1`",
    ),
    "an end before the end": (changed(after(COMPARE, "1 / 0")), {"runs", "numbers"}, "ZeroDivisionError"),
}  # fmt: skip
