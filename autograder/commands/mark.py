"""``python -m autograder mark``: a page on this machine for the questions that are answered in words.

    python -m autograder mark 03                    opens http://127.0.0.1:PORT/SECRET/ until Ctrl-C
    python -m autograder mark 03 --anonymous        nobody is named on it

Keys 0 to 4 give none to all of the points, in quarters, and go on to the next that waits; c writes a comment, u takes a mark back.
"""

from __future__ import annotations

import argparse
import webbrowser

from autograder.commands.of_class import class_option, unit_and_class, unit_option
from autograder.grading.late import settle
from autograder.reports.marker_server import Desk

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""
    parser = argparse.ArgumentParser(
        "python -m autograder mark", description="mark written answers"
    )
    unit_option(parser)
    parser.add_argument("--anonymous", action="store_true", help="name nobody on the page")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    class_option(parser)
    options = parser.parse_args(argv)
    unit, group = unit_and_class(options)
    with Desk(group, unit, not options.anonymous, options.port) as desk:
        print(f"{desk.address}\nCtrl-C when you have done", flush=True)
        if not options.no_browser:
            webbrowser.open(desk.address)
        try:
            desk.serve_forever()
        except KeyboardInterrupt:
            pass
        waiting = sum(one.waiting for one in desk.answers())
    settle(group, unit)
    print(f"{waiting} still wait; handback writes the pages of those whose marks have changed")
    return 0
