"""One screen, whatever happened: who was judged, the verdict by mark and function, and what was found."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shrinkage.properties.engine.account.failure import OBJECT, times

from .findings import MARKS, kinds, named, who

WIDTH = 110
LINES = 30  # of findings: with what is above them, a screen
COUNTED = ("held", "failed", "departed", "not offered")
INTERRUPTED = 2  # pytest's exit code
LONGEST = 2  # lines that a call may take
ARRAY = re.compile(r"\[[^()]*\]")
FEWEST = 24  # characters of an array from which something is seen
ORDER = ("wrong", "raises", "loses digits", "leaves the range", "departs", "right")

Card = Mapping[str, Any]


def lines(card: Card) -> Iterator[str]:
    """The screen, from a scorecard alone."""
    if not (card["functions"] or card["exit"] == INTERRUPTED):
        return
    yield from _head(card)
    judged = [*_verdicts(card)]
    yield from judged
    notes = [*_notes(card)]
    yield from notes
    yield from _findings(card, LINES - len(judged) - len(notes))


def warned(card: Card) -> Iterator[str]:
    """What it warns of, for whoever wants to know more than a verdict."""
    for number, row in enumerate(card.get("warned", ())):
        if number == 0:
            yield "It warns, which fails no claim:"
        claims = f"{row['claims']} claim{'s' * (row['claims'] > 1)}"
        yield from textwrap.wrap(f"{row['says']}: {claims}", WIDTH, initial_indent="  ", subsequent_indent="    ")


def _notes(card: Card) -> Iterator[str]:
    """What else there is to know."""
    lost: dict[str, list[str]] = {}
    for function, why in card["lost"].items():
        lost.setdefault(why, []).append(function)
    notes = [*card["notes"], *(f"{named(names)}: {why}" for why, names in lost.items())]
    if card["accuracy"] is not None:
        notes.append(f"Bounds were widened to --accuracy {card['accuracy']} where they are tighter.")
    unreached = [name for name, row in card["functions"].items() if not any(row[each] for each in COUNTED)]
    lacking: dict[str, list[str]] = {}
    for function, lacks in card.get("unjudged", {}).items():
        lacking.setdefault(named(lacks) or "what is not offered", []).append(function)
    for lacks, names in lacking.items() if judged_of(card) else ():
        are, were, their = ("are", "were", "their") if len(names) > 1 else ("is", "was", "its")
        notes.append(f"{named(names)} {are} offered and {were} not judged: {their} claims call {lacks} too.")
    if unreached:
        notes.append(f"{named(unreached)}: not judged, for a function that is called before fails.")
    if card["exit"] == INTERRUPTED and judged_of(card):
        notes.append("It was interrupted: this is what had been judged until then.")
    elif card["exit"] not in (0, 1, INTERRUPTED, 5):
        notes.append(f"The run did not come to its end (exit code {card['exit']}): -v shows what was seen of it.")
    for note in notes:
        yield from textwrap.wrap(note, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _head(card: Card) -> Iterator[str]:
    name = who(card)
    offered, judged = card["offers"], judged_of(card)
    took = f"judged in {card['seconds']:.0f} s"
    first = f"{name} offers {len(offered)} of {card['offers_of']} functions: {', '.join(offered)}"
    if not judged and card["exit"] == INTERRUPTED:
        yield f"{name}: interrupted before anything was judged"
        return
    if not judged:
        said = {"-k": "-k (by name)"}
        by = " and ".join(said.get(option, option) for option in card.get("chosen", ()))
        chosen = f" that {by} choose{'s' * (len(card['chosen']) == 1)}" if by else ""
        if lacks := card.get("lacks"):
            claims = f"the claims{chosen}" if chosen else "its claims"
            yield f"{name}: nothing was judged: {claims} call what it does not offer, too: {named(lacks)}"
        else:
            yield f"{name}: nothing was judged: no claim{chosen} is about what it offers"
        return
    wrapped = textwrap.wrap(first, WIDTH - 4, subsequent_indent="    ", max_lines=3, placeholder=" …")
    yield from wrapped[:-1]
    last = wrapped[-1]
    room = WIDTH - len(last) - len(took)
    yield f"{last}{' ' * room}{took}" if room > 1 else last
    if room <= 1:
        yield took.rjust(WIDTH)
    if absent := card["offers_of"] - len(offered):
        yield f"  {absent} function{'s are' if absent > 1 else ' is'} not offered and not judged"
    rest = [function for function in offered if function not in {*judged, *card.get("unjudged", ())}]
    if rest:
        yield f"  not judged here: {named(rest)}" if len(rest) < len(judged) else f"  judged here: {named(judged)}"


def judged_of(card: Card) -> list[str]:
    """The functions that were judged."""
    rows = card["functions"].items()
    return [name for name, row in rows if row["held"] + row["failed"] + row["departed"]]


def _verdicts(card: Card) -> Iterator[str]:
    """A line for each mark; where functions differ, one for each kind of verdict."""
    for mark in MARKS:
        rows = {name: row[mark] for name, row in card["verdicts"].items() if mark in row}
        if not rows:
            continue
        groups: dict[str, list[str]] = {}
        for name, row in rows.items():
            groups.setdefault(row["verdict"], []).append(name)
        title = mark
        for verdict in ORDER:
            if verdict in groups:
                yield from _line(title, verdict, _about(card, mark, verdict, groups[verdict], rows, len(groups) == 1))
                title = ""
    departed = sum(row["departed"] for row in card["functions"].values())
    if departed:
        yield f"  {departed} departures are as {card['implementation']} says of itself"


def _about(card: Card, mark: str, verdict: str, names: Sequence[str], rows: Mapping[str, Any], alone: bool) -> str:
    held, of = (sum(rows[name][key] for name in names) for key in ("held", "of"))
    who = "" if alone and len(names) == 1 else f"{len(names)} functions, " if alone else f"{named(names)}: "
    if verdict == "right":
        return f"{who if not alone else ''}{held} of {of} claims"
    if verdict == "loses digits":
        worst = max(names, key=lambda name: rows[name]["ratio"])
        at = min(rows[name]["condition"] for name in names)
        beside = "; numbers or squares leave the range" if any("past_squares" in rows[name] for name in names) else ""
        return f"{who}from condition {at:.2g} on: up to {times(rows[worst]['ratio'], 2)} × what is allowed{beside}"
    if verdict == "leaves the range":
        return f"{who}{of - held} of {of} claims, where squares of what it is given are past what floats hold"
    if verdict == "departs":
        found = kinds(card, mark)
        count = f"{len(found)} kind{'s' * (len(found) != 1)} of departure"
        return f"{who}{count}: {'; '.join(found)}" if found else f"{who}{of - held} of {of} claims do not hold"
    return f"{who}{of - held} of {of} claims fail"


def _line(mark: str, verdict: str, about: str) -> list[str]:
    head = f"  {mark:<12} {verdict:<16} "
    return textwrap.wrap(
        about, WIDTH, initial_indent=head, subsequent_indent=" " * len(head), max_lines=3, placeholder=" …"
    )


def _findings(card: Card, room: int) -> Iterator[str]:
    """As many as there is room for, and how many there are beside."""
    for number, finding in enumerate(card["findings"], 1):
        told = [*_finding(number, finding)]
        if number > 1 and len(told) > room:
            left = len(card["findings"]) - number + 1
            yield f"{left} more finding{'s' * (left > 1)}: -v shows all of it"
            return
        room -= len(told)
        yield from told


def _finding(number: int, finding: Mapping[str, Any]) -> Iterator[str]:
    count = len(finding["claims"])
    claims = f" ({count} claim{'s' * (count > 1)})" if count else ""
    head = f"{number}. "
    yield from textwrap.wrap(
        f"{finding['sentence']}{claims}",
        WIDTH,
        initial_indent=head,
        subsequent_indent="   ",
        max_lines=2,
        placeholder=" …",
    )
    *before, call = shortened(finding["call"]).split("\n")
    yield from (f"   {line}" for line in before)
    if call:
        yield from _wrapped(told(finding, call))
    if typical := finding["typical_of"]:
        says = f"typical of: {typical['sentence']}."
        yield from textwrap.wrap(says, WIDTH, initial_indent="   ", subsequent_indent="     ")


def told(finding: Mapping[str, Any], call: str) -> str:
    """The call, what came and what is right, in a sentence."""
    match finding["kind"]:
        case "raised":
            return f"{call} raises {finding['got']}" if "Error: " in finding["got"] else call
        case "not refused":
            raised = finding["gave"] == "" and re.match(r"[A-Za-z_]\w*: ", finding["got"])  # no value is told like that
            ends = f"{'raises' if raised else 'gives'} {finding['got']}"
            return f"{call} {ends}, right is {finding['expected']}"
        case "changed":
            return call
        case "dtype":
            of = "" if finding["got"].startswith("a ") else "of "
            return f"{call} is {of}{finding['got']}, right is {finding['expected']}"
    if finding["gave"].startswith(OBJECT):
        return f"{call} gives {finding['got']}, right is {finding['expected']}"
    gives = f"{call} = {finding['gave'] or finding['got']}" if finding["gave"] or finding["got"] else call
    if finding["gave"] and finding["expected"]:
        part = "" if _same(finding["gave"], finding["got"]) else f"; from that follows {finding['got']}"
        return f"{gives}{part}, right is {finding['expected']}"
    return f"{gives}, right is {finding['expected']}" if finding["expected"] else gives


def _same(one: str, other: str) -> bool:
    """Whether two texts are of the same numbers, whatever holds them."""
    return re.sub(r"[][() ]", "", one) == re.sub(r"[][() ]", "", other)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="   ",
        subsequent_indent="     ",
        break_on_hyphens=False,
        max_lines=4,
        placeholder=" …",
    )


def shortened(code: str) -> str:
    """What can be read at a glance: of long arrays the first numbers, so that every argument is seen."""
    return "\n".join(line if len(line) <= LONGEST * WIDTH else _cut(line) for line in code.split("\n"))


def _cut(line: str) -> str:
    most, arrays = LONGEST * WIDTH, ARRAY.findall(line)
    room = (most - len(ARRAY.sub("", line))) // max(1, len(arrays))

    def beginning(array: re.Match[str]) -> str:
        if len(array[0]) <= room:
            return array[0]
        kept = array[0][: room - 6].rpartition(", ")[0]
        return f"{kept}, …{']' * (kept.count('[') - kept.count(']'))}"

    cut = ARRAY.sub(beginning, line) if room > FEWEST else line
    return cut if len(cut) <= most else f"{cut[: most - 2]} …"


def counted(card: Card) -> Counter[str]:
    """How many claims came out how."""
    return Counter(claim["outcome"] for claim in card["claims"])
