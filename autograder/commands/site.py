"""``python -m autograder site``: the course as a static book in ``build/site/html``."""

from __future__ import annotations

import argparse
import functools
import http.server
import importlib.util

from autograder.audit.corpus import corpus
from autograder.course import UsageError, this_course
from autograder.site.book import build_book
from autograder.site.museum import verdicts

__all__ = ["main"]


def main(argv: list[str]) -> int:
    """The command line described above."""
    parser = argparse.ArgumentParser("python -m autograder site", description="build the book")
    parser.add_argument(
        "--serve", type=int, metavar="PORT", help="show it at this port, after building"
    )
    parser.add_argument(
        "--no-verdicts",
        action="store_true",
        help="a museum without what checks say: some minutes less",
    )
    options = parser.parse_args(argv)
    if importlib.util.find_spec("sphinx") is None:
        raise UsageError("Sphinx is not installed here; `make site` installs it")
    course = this_course()
    out = course.root / "build" / "site"
    told = {} if options.no_verdicts else verdicts(corpus(), out / "verdicts.json")
    pages = build_book(course, out, told)
    print(f"wrote {pages / 'index.html'}")
    if options.serve:
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(pages))
        with http.server.ThreadingHTTPServer(("127.0.0.1", options.serve), handler) as server:
            print(f"open http://127.0.0.1:{options.serve}/  (Ctrl-C ends it)")
            server.serve_forever()
    return 0
