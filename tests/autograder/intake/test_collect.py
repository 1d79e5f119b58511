"""Collecting is reconciliation: the roster against the archive; nothing is guessed, nobody is lost, every byte is kept."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from tiny_class import tiny_class
from tiny_course import UNIT

from autograder.commands import collect as command
from autograder.grading.class_folder import Classroom
from autograder.intake import archives, collect
from autograder.intake.layout import Ambiguous, Layout, layout
from autograder.intake.roster import Person

HEADER = '\ufeffIdentifier,"Full name","Email address",Grade,"Last modified (submission)","Last modified (grade)"'
ROSTER = {
    "501": Person("Ann", "King", "ann@x.org"),
    "502": Person("Bob", "Li", "bob@x.org"),
    "503": Person("Cem", "Li", "cem@x.org"),
    "504": Person("Dora", "Moss", "dora@x.org"),
}


@pytest.fixture
def group(tmp_path: Path) -> Classroom:
    return tiny_class(tmp_path)


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def there(group: Classroom) -> dict[str, bytes]:
    home = group.folder / "submitted"
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file()
    }


DATED = {"ann/03_elbo.ipynb": b"a", "bob/03_elbo_2026_05_01.ipynb": b"b", "cem/03_elbo_2026_05_02.ipynb": b"c",
         "eve/ann_1_assignsubmission_file_/03_elbo.ipynb": b"e"}  # fmt: skip


def test_dated_names_and_a_folder_named_like_moodles_are_nobody_elses(
    group: Classroom, tmp_path: Path
) -> None:
    """Names inside a student's folder are the student's own: each of the four is collected under theirs."""
    told = collect.collect(group, UNIT, [packed(tmp_path / "folders.zip", DATED)], ROSTER)
    assert told["collected"] == ["ann", "bob", "cem", "eve"] and told["not in the roster"] == [
        "eve"
    ]
    assert {name.split("/")[0]: data for name, data in there(group).items()} == {
        "ann": b"a", "bob": b"b", "cem": b"c", "eve": b"e"}  # fmt: skip
    assert told["handed in nothing"] == ["Dora Moss (504)"]
    with group.gradebook() as gradebook:
        numbers = [
            gradebook.find_student(name).lms_user_id for name in ("ann", "bob", "cem", "eve")
        ]
        assert numbers == ["501", "502", "503", None]


@pytest.mark.parametrize(
    ("paths", "wanted"),
    [
        (list(DATED), Layout("folders")),
        (["a_4711_1_x.ipynb", "bo_LATE_4712_2_x.ipynb", "readme.txt"], Layout("canvas")),
        (["subs/a_4711_1_x.ipynb", "subs/bo_4712_2_x.ipynb"], Layout("canvas", 1)),
        (["A_1_assignsubmission_file_/x.ipynb", "note.txt"], Layout("moodle")),
        (["PS 3/A_1_assignsubmission_file_/x.ipynb", "PS 3/B_2_assignsubmission_file_/y/z.ipynb"], Layout("moodle", 1)),
        (["eve/ann_501_assignsubmission_file_/x.ipynb"], Layout("moodle", 1)),  # the roster has 501
        (["eve/ann_1_assignsubmission_file_/x.ipynb"], Layout("folders")),
        (["bob/03_elbo_2026_05_01.ipynb"], Layout("folders")),
        ([], Layout("folders")),
    ],
)  # fmt: skip
def test_a_layout_is_decided_once_for_an_archive(paths: list[str], wanted: Layout) -> None:
    assert layout(paths, list(ROSTER)) == wanted


@pytest.mark.parametrize(
    "paths",
    [
        ["A_1_assignsubmission_file_/x.ipynb", "bob/x.ipynb"],
        ["all/ann/x.ipynb", "all/bob/x.ipynb"],
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(
    group: Classroom, tmp_path: Path, paths: list[str]
) -> None:
    with pytest.raises(Ambiguous):
        collect.collect(group, UNIT, [packed(tmp_path / "a.zip", dict.fromkeys(paths, b"x"))])
    assert there(group) == {} and not list(group.folder.glob(".collecting-*"))


def test_two_who_claim_one_number_and_two_of_one_name(group: Classroom, tmp_path: Path) -> None:
    files = {"Ann King_501_assignsubmission_file_/x.ipynb": b"a", "Eve_501_assignsubmission_file_/x.ipynb": b"e",
             "Bob_502_assignsubmission_file_/x.ipynb": b"b"}  # fmt: skip
    told = collect.collect(group, UNIT, [packed(tmp_path / "a.zip", files)], ROSTER)
    assert (
        told["collected"] == ["Bob_502"]
        and "claimed by Ann King_501, Eve_501" in told["ambiguous"][0]
    )
    smiths = {"1": Person("John", "Smith"), "2": Person("John", "Smith")}
    told = collect.collect(
        group, UNIT, [packed(tmp_path / "b.zip", {"John Smith/x.ipynb": b"j"})], smiths
    )
    assert "may be any of 1, 2" in told["ambiguous"][0] and "John Smith" in told["collected"], (
        "kept, and no number guessed"
    )
    assert collect.record(group, UNIT)["John Smith"]["number"] == ""


def test_one_damaged_member_costs_nobody_else(group: Classroom, tmp_path: Path) -> None:
    files = {f"{name}/{UNIT}.ipynb": name.encode() * 200 for name in ("ann", "bob", "cem")}
    path = packed(tmp_path / "a.zip", files)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        at = archive.getinfo(f"bob/{UNIT}.ipynb").header_offset
    data[at + 30 + len(f"bob/{UNIT}.ipynb") + 3] ^= 0xFF
    path.write_bytes(data)
    told = collect.collect(group, UNIT, [path])
    assert told["collected"] == ["ann", "bob", "cem"] and told["damaged"] == [f"bob/{UNIT}.ipynb"]
    (sentence,) = (text for name, text in there(group).items() if name.startswith("bob/"))
    assert b"was not collected. damaged" in sentence


def test_bytes_are_kept_and_what_is_too_large_is_said(
    group: Classroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.intake.collect.LIMITS", collect.LIMITS.__class__(archive=1_000))
    data = bytes(range(256)) * 3
    files = {
        f"ann/{UNIT}.ipynb": data,
        "ann/helpers.py": b"x = 1\r\n",
        f"bob/{UNIT}.ipynb": b"0" * 5_000,
    }
    told = collect.collect(group, UNIT, [packed(tmp_path / "a.zip", files)])
    kept = there(group)
    assert (
        kept[f"ann/{UNIT}/{UNIT}.ipynb"] == data and kept[f"ann/{UNIT}/helpers.py"] == b"x = 1\r\n"
    )
    assert told["too large"] == [f"bob/{UNIT}.ipynb"] and set(told["collected"]) == {"ann", "bob"}
    assert f"bob/{UNIT}/{UNIT}.ipynb{archives.NOT_COLLECTED}" in kept
    many = {f"ann/{number}.bin": b"0" * 900 for number in range(9)}
    told = collect.collect(group, UNIT, [packed(tmp_path / "b.zip", many)])
    assert len(told["too large"]) == 7, "and so is the whole of a student"


def test_a_time_is_not_taken_away_by_a_roster_without_one(group: Classroom, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {f"Ann_501_assignsubmission_file_/{UNIT}.ipynb": b"a"})
    timed = {"501": Person("Ann", "King", when="Friday, 1 May 2026, 2:00 PM")}
    assert collect.collect(group, UNIT, [path], timed)["collected"] == ["Ann_501"]
    told = collect.collect(group, UNIT, [path])
    assert not told["collected"] and not told["replaced"]
    assert there(group)[f"Ann_501/{UNIT}/timestamp.txt"] == b"2026-05-01 14:00:00 UTC"
    packed(path, {f"Ann_501_assignsubmission_file_/{UNIT}.ipynb": b"another"})
    told = collect.collect(group, UNIT, [path])
    assert told["replaced"] == ["Ann_501"] and "2026-05-01" in told["time not known"][0]


def test_what_is_no_roster_or_no_archive_is_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "german.csv").write_text(
        "ID,Vollständiger Name,Bewertung\nTeilnehmer 1,Ada,\n", "utf-8"
    )
    (tmp_path / "no.zip").write_bytes(b"no zip")
    monkeypatch.setattr(command, "open_class", lambda *_: tiny_class(tmp_path / "class"))
    monkeypatch.setattr(command, "this_course", lambda: tiny_class(tmp_path / "class").course)
    for source, who in (
        ("no.zip", ["--no-roster"]),
        ("no.zip", ["--roster", str(tmp_path / "german.csv")]),
    ):
        assert command.main(["00", str(tmp_path / source), *who]) == 1
    said = capsys.readouterr().err
    assert (
        "no zip file" in said and "neither Canvas's gradebook" in said and "Traceback" not in said
    )
    packed(
        tmp_path / "a.zip", {"evil\x1b[31m\x1b]0;pwned\x07.ipynb": b"x", f"ann/{UNIT}.ipynb": b"x"}
    )
    assert command.main(["00", str(tmp_path / "a.zip"), "--no-roster"]) == 1
    assert "\x1b" not in (out := capsys.readouterr().out) and "evil\\x1b[31m" in out
    with pytest.raises(SystemExit):
        command.main(["00", str(tmp_path / "a.zip")])


def test_who_was_late_and_whose_notebooks_are_several_or_not_whole_is_told(
    group: Classroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    with group.gradebook() as gradebook:
        gradebook.update_or_create_assignment(UNIT, duedate="2026-05-01 12:00:00 UTC")
    notebook, form = b'{"cells": []}', "{}_assignsubmission_file_/{}"
    files = {
        form.format("Ann King_501", "a.ipynb"): notebook,
        form.format("Bob Li_502", "b.ipynb"): notebook[:8],
        form.format("Cem Li_503", "c.ipynb"): notebook,
        form.format("Cem Li_503", "c2.ipynb"): b"",
    }
    who = {
        "501": ("Ann King", '"Friday, 1 May 2026, 11:59 AM"'),
        "502": ("Bob Li", '"Friday, 1 May 2026, 2:30 PM"'),
        "503": ("Cem Li", "-"),
    }
    lines = [HEADER, *(f'Participant {n},"{name}",x@y.org,,{when},-' for n, (name, when) in who.items())]  # fmt: skip
    (tmp_path / "worksheet.csv").write_text("\n".join(lines), "utf-8")
    archive = packed(tmp_path / "moodle.zip", files)
    monkeypatch.setattr(command, "open_class", lambda *_: group)
    monkeypatch.setattr(command, "this_course", lambda: group.course)
    words = ["00", str(archive), "--roster", str(tmp_path / "worksheet.csv")]
    assert command.main(words) == 0
    told = capsys.readouterr().out
    assert "late: 1: Bob Li_502 (2.5 hours)" in told
    assert "not whole: 2: Bob Li_502 (b.ipynb); Cem Li_503 (c2.ipynb)" in told
    assert "several notebooks: 1: Cem Li_503 (2; the best one counts)" in told
    assert "times were read as UTC; --timezone" in told
    command.main([*words, "--timezone", "Europe/London"])
    told = capsys.readouterr().out
    assert "Bob Li_502 (1.5 hours)" in told and "times were read as Europe/London" in told
