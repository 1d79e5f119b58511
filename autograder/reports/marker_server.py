"""The marker's page, served on loopback to one browser."""

from __future__ import annotations

import json
import secrets
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

from autograder.grading import marking
from autograder.grading.class_folder import Classroom
from autograder.reports import marker_page

__all__ = ["Desk"]

MOST = 100_000  # bytes of a comment


class Desk(HTTPServer):
    """The server of one unit's answers, on loopback. Its address holds a secret, so that no other page can ask it for anything."""

    def __init__(self, group: Classroom, unit: str, names: bool = True, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.group, self.unit, self.names = group, unit, names
        self.secret = secrets.token_urlsafe(16)
        self.asked = marking.questions(group.course, unit)
        self.order = [
            (one.exercise, one.student) for one in marking.written(group, unit)
        ]  # stays as it is while this page is open

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/{self.secret}/"

    def answers(self) -> list[marking.Written]:
        """As they are now, in the order they had at first; new ones come last."""
        found = {(one.exercise, one.student): one for one in marking.written(self.group, self.unit)}
        self.order += [name for name in found if name not in self.order]
        return [found[name] for name in self.order if name in found]


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Desk

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if not self._ours() or address.path != f"/{self.server.secret}/":
            return self._say(404, "There is nothing here.")
        answers = self.server.answers()
        if not answers:
            return self._say(200, "No answer in words has been graded yet.")
        first = next((place for place, one in enumerate(answers) if one.waiting), 0)
        asked = parse_qs(address.query).get("answer", [""])[0]
        place = (
            min(int(asked), len(answers) - 1) if asked.isdecimal() and asked.isascii() else first
        )
        nonce = secrets.token_urlsafe(16)
        text = marker_page.page(self.server.unit, answers, place, self.server.asked, self.server.names, nonce)  # fmt: skip
        self._say(200, text, "text/html", marker_page.policy(nonce))

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length", "")
        origin = self.server.address.partition(f"/{self.server.secret}")[0]
        if not self._ours() or self.path != f"/{self.server.secret}/mark":
            return self._say(404, "There is nothing here.")
        if self.headers.get("Origin") != origin or not size.isdecimal() or int(size) > MOST:
            return self._say(403, "Not saved: this did not come from the marker's page.")
        try:
            told = json.loads(self.rfile.read(int(size)))
            key, comment, digest = told["key"], str(told["comment"]), told["digest"]
            one = next(each for each in self.server.answers()[int(told["answer"]) :])
            if key not in (None, 0, 1, 2, 3, 4):
                raise ValueError(f"key is {key!r}; expected 0 to 4")
        except (ValueError, KeyError, TypeError, StopIteration) as error:
            return self._say(400, f"Not saved: {error}")
        try:
            if one.digest != digest:
                raise marking.Stale("This answer has been handed in anew. Load the page again.")
            points = None if key is None else key * one.most / 4
            marking.save(self.server.group, self.server.unit, one, points, comment)
        except marking.Stale as stale:
            return self._say(409, str(stale))
        self._say(200, "saved")

    def _ours(self) -> bool:
        """Whether the browser meant this machine; another host's name that leads here is a trick."""
        return self.headers.get("Host") == f"127.0.0.1:{self.server.server_port}"

    def _say(self, status: int, text: str, kind: str = "text/plain", policy: str = "") -> None:
        data = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "same-origin")
        self.send_header("Content-Security-Policy", policy or "default-src 'none'")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal for every page."""
