"""A scorecard as one HTML page, with nothing beside it: the verdict, every finding, every claim that failed."""

import html as text
from collections.abc import Iterator, Mapping
from typing import Any

from .findings import MARKS
from .screen import judged_of, lines, told
from .summary import LONGEST, folded

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c }
pre { background: #f4f4f2; padding: .75rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .75rem .25rem 0 }
td, th { border-bottom: 1px solid #ddd; vertical-align: top } .right { color: #1a6b2d } .wrong { color: #a11212 }
@media (prefers-color-scheme: dark) {
  body { background: #161616; color: #e6e6e6 } pre { background: #222 } td, th { border-color: #444 }
  .right { color: #7bd390 } .wrong { color: #ff8f8f }
}
"""


def html(card: Mapping[str, Any]) -> str:
    """The page."""
    title = text.escape(card["implementation"])
    body = "\n".join(_body(card))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}: the verdict</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _body(card: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h1>{text.escape(card['implementation'])}</h1>"
    yield f"<pre>{text.escape(chr(10).join(lines(card)))}</pre>"
    yield from _table(card)
    for number, finding in enumerate(card["findings"], 1):
        yield f'<h2 id="finding-{number}">{number}. {text.escape(finding["sentence"])}</h2>'
        if finding["call"]:
            *before, call = finding["call"].split("\n")
            yield f"<pre>{text.escape(chr(10).join([*before, told(finding, call)]))}</pre>"
        if finding["typical_of"]:
            yield f"<p>Typical of: {text.escape(finding['typical_of']['sentence'])}.</p>"
        if finding.get("source"):
            yield f"<p>What is allowed: {text.escape(finding['source'])}.</p>"
        if finding["claims"]:
            claims = "".join(f"<li><code>{text.escape(claim)}</code></li>" for claim in finding["claims"])
            yield f"<details><summary>{len(finding['claims'])} claims fail</summary><ul>{claims}</ul></details>"
    failures = [*folded(card["claims"])]
    if failures:
        yield "<h2>Every claim that failed</h2>"
    for sentence, first, others in failures:
        more = f" (and {len(others)} more like it)" if others else ""
        message = text.escape(first["message"][:LONGEST])
        yield f"<details><summary>{text.escape(sentence or first['id'])}{more}</summary><pre>{message}</pre></details>"


def _table(card: Mapping[str, Any]) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{mark}</th>' for mark in MARKS)
    yield f'<table>\n<tr><th scope="col">function</th>{heads}</tr>'
    for name in judged_of(card):
        cells = "".join(_cell(card["verdicts"].get(name, {}).get(mark)) for mark in MARKS)
        yield f'<tr><th scope="row"><code>{text.escape(name)}</code></th>{cells}</tr>'
    yield "</table>"


def _cell(verdict: Mapping[str, Any] | None) -> str:
    if verdict is None:
        return "<td>–</td>"
    right = "right" if verdict["verdict"] == "right" else "wrong"
    return f'<td class="{right}">{verdict["verdict"]}, {_counted(verdict)}</td>'


def _counted(verdict: Mapping[str, Any]) -> str:
    held, of = verdict["held"], verdict["of"]
    return f"{of} of {of} hold" if held == of else f"{of - held} of {of} fail"
