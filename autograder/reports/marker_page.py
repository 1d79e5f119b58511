"""The marker's page: one answer in words at a time, as text, beside the scheme; keys 0 to 4 give a mark.

What a student wrote stands in the page escaped, and the page may run this script alone, ask this server alone and show no picture but
the attached ones, so there is nothing in an answer that could act.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence

from autograder.grading.marking import Question, Written
from autograder.plugins.safe_html import IMAGE_DATA
from autograder.reports.typeset import typeset

__all__ = ["page", "policy"]

STYLE = """body { font: 16px/1.5 sans-serif; max-width: 76em; margin: 1em auto; padding: 0 1em }
.two { display: grid; grid-template-columns: 3fr 2fr; gap: 2em } img { max-width: 100% }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0 }
.answer { border-left: 4px solid #0072b2; padding: .5em 1em; background: #f6f8fa } h2 { font-size: 1em; margin: 1em 0 .3em }
button { font: inherit; padding: .3em .9em } button[aria-pressed=true] { background: #0072b2; color: white }
textarea { width: 100%; height: 4em; font: inherit; box-sizing: border-box } nav { margin: 1em 0 } #told { color: #a03000 }"""
SCRIPT = """const about = JSON.parse(document.getElementById('about').textContent);
const told = document.getElementById('told'), comment = document.getElementById('comment');
let busy = false;
function go(place) { if (place !== null) location.search = '?answer=' + place; }
async function save(key, then) {
  if (busy) return;
  busy = true;
  try {
    const reply = await fetch('mark', {method: 'POST', headers: {'Content-Type': 'application/json'},
      body: JSON.stringify({answer: about.answer, digest: about.digest, key: key, comment: comment.value})});
    if (!reply.ok) { told.textContent = await reply.text(); busy = false; return; }
    if (then !== null) go(then); else location.reload();
  } catch (error) { told.textContent = 'Not saved: ' + error; busy = false; }
}
for (const button of document.querySelectorAll('button[data-key]'))
  button.onclick = () => save(Number(button.dataset.key), about.next);
document.getElementById('back').onclick = () => save(null, null);
document.getElementById('before').onclick = () => go(about.before);
document.getElementById('after').onclick = () => go(about.after);
document.addEventListener('keydown', event => {
  if (event.target === comment) { if (event.key === 'Escape') comment.blur(); return; }
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if ('01234'.includes(event.key) && event.key.length === 1) save(Number(event.key), about.next);
  else if (event.key === 'n' || event.key === 'ArrowRight') go(about.after);
  else if (event.key === 'p' || event.key === 'ArrowLeft') go(about.before);
  else if (event.key === 'u') save(null, null);
  else if (event.key === 'c') { comment.focus(); event.preventDefault(); }
});"""


def policy(nonce: str) -> str:
    """What the browser lets this page do."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def page(
    unit: str, answers: Sequence[Written], place: int, asked: Mapping[str, Question], names: bool, nonce: str
) -> str:  # fmt: skip
    """The page of the answer at ``place``; without ``names`` nobody is named on it."""
    here = answers[place]
    question = asked.get(here.exercise) or Question(here.exercise, here.exercise, "", "", "")
    waiting = [number for number, each in enumerate(answers) if each.waiting]
    others = [number for number in waiting if number != place]
    following = next((number for number in others if number > place), others[0] if others else None)
    about = {
        "answer": place, "digest": here.digest, "next": following,
        "before": place - 1 if place else None, "after": place + 1 if place + 1 < len(answers) else None,
    }  # fmt: skip
    buttons = " ".join(
        f'<button data-key="{key}" aria-pressed="{str(here.mark == key * here.most / 4).lower()}">'
        f"<b>{key}</b>: {key * here.most / 4:g}</button>"
        for key in range(5)
    )
    pictures = "".join(
        f'<p><img src="{html.escape(data)}" alt="{html.escape(name)}"></p>'
        for name, data in here.pictures
        if IMAGE_DATA.fullmatch(data)
    )
    state = "waits for a mark" if here.waiting else f"has {here.mark or 0:g} of {here.most:g}"
    who = html.escape(here.student) if names else f"answer {place + 1}"
    data = json.dumps(about).replace("<", "\\u003c")
    parts = [("Scheme", question.scheme), ("Model answer", question.model), ("Question", question.text)]  # fmt: skip
    beside = "".join(
        f'<section aria-label="{title}"><h2>{title}</h2>{typeset(text)}</section>'
        for title, text in parts
        if text
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{len(waiting)} to mark: {html.escape(unit)}</title>
<style nonce="{nonce}">{STYLE}</style></head><body>
<h1>{html.escape(question.title)}</h1>
<p>{who}, {place + 1} of {len(answers)}; {state}. {len(waiting)} wait.</p>
<nav>{buttons} <button id="back">take back (u)</button> <button id="before">previous (p)</button> <button id="after">next (n)</button></nav>
<p id="told" role="alert"></p>
<div class="two"><main><div class="answer"><pre id="answer">{html.escape(here.text)}</pre>{pictures}</div>
<h2><label for="comment">Comment for the student (c; Esc leaves it; saved with the mark)</label></h2>
<textarea id="comment">
{html.escape(here.comment)}</textarea></main><aside>{beside}</aside></div>
<script id="about" type="application/json" nonce="{nonce}">{data}</script><script nonce="{nonce}">{SCRIPT}</script>
</body></html>
"""
