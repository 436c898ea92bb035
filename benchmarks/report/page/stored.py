"""What the page is made from: scorecards, runs, what the gate has found, and its proof, told apart by their content."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shrinkage.benchmarks.report.runs import Run, Unreadable, check, load, of_stored
from shrinkage.contract import CONTRACT
from shrinkage.properties.report import scorecard

GATE = Path(__file__).parents[2] / "gate"
KEPT = tuple(GATE.with_name("results") / name for name in ("race.json", "proof.json"))
SCHEMAS = {"gate": GATE / "gate.schema.json", "proof": GATE / "proof.schema.json"}
# What there is to give, the command that makes it, and what it says.
KINDS = {
    "scorecard": ("pytest properties --impl NAME --scorecard FILE", "how right they are"),
    "race": ("shrinkage race --json FILE", "how fast they are"),
    "gate run": ("shrinkage gate BASE --json FILE", "what has changed"),
    "proof of the gate": ("shrinkage gate --prove --json FILE", "how often the gate is wrong"),
}
HISTORY = "a history (shrinkage gate --history V1..V2 --json FILE)"


@dataclass
class Stored:
    """All that was given, each with the name of its file."""

    cards: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    gates: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    proofs: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    histories: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)

    @property
    def own(self) -> bool:
        """Whether it is about functions of the contract, not about somebody's repository alone."""
        rows = [
            row for _, gate in self.gates for what in ("time", "compile", "memory", "accuracy") for row in gate[what]
        ]
        named = {row.get("case", row.get("name", "")).partition("-")[0] for row in rows}
        elsewhere = self.histories or (self.gates and not named & CONTRACT.keys())
        return bool(self.cards or self.runs or self.proofs or not elsewhere)

    @property
    def missing(self) -> list[str]:
        """The kinds of which nothing was given, where it is about all of them."""
        if not self.own:
            return []
        given = (self.cards, self.runs, self.gates, self.proofs)
        return [kind for kind, found in zip(KINDS, given, strict=True) if not found]


def read_all(paths: Iterable[Path]) -> Stored:
    """The content of these files, each of them once.

    Raises
    ------
    Unreadable
        If one of them is nothing that is read here.
    """
    stored = Stored()
    for path in dict.fromkeys(paths):
        content = load(path)
        kind = content.get("kind") if isinstance(content, dict) else None
        if kind in ("gate", "proof"):
            what = "a result of the gate" if kind == "gate" else "a proof of the gate"
            check(path, what, content, json.loads(SCHEMAS[kind].read_text(encoding="utf-8")))
            if kind == "proof" and len(content["detections"]) != len(content["drawn"]["power"]):
                raise Unreadable(f"{path} is not a proof of the gate: detections and drawn/power differ in length.")
            (stored.gates if kind == "gate" else stored.proofs).append((path.name, content))
        elif isinstance(content, dict) and {"implementation", "functions", "claims"} <= content.keys():
            check(path, "a scorecard", content, json.loads(scorecard.SCHEMA.read_text(encoding="utf-8")))
            if not content["claims"]:
                raise Unreadable(f"{path} is a scorecard without a claim.")
            stored.cards.append((path.name, content))
        elif isinstance(content, list) and content and all(map(_is_of_history, content)):
            for each in content:
                if "kind" in each:  # else nothing could be said of it
                    check(path, "a history by the gate", each, json.loads(SCHEMAS["gate"].read_text(encoding="utf-8")))
            stored.histories.append((path.name, content))
        elif runs := of_stored(path, content):
            stored.runs += runs
        else:
            commands = ", ".join(f"a {kind} ({command})" for kind, (command, _) in KINDS.items())
            others = f"{HISTORY}, a run by pytest-benchmark (--benchmark-json FILE)"
            raise Unreadable(f"{path} is none of: {commands}, {others}.")
    return replace(stored, cards=_apart(stored.cards))


def _is_of_history(result: Any) -> bool:
    return isinstance(result, dict) and {"base", "head", "verdict", "reasons", "time"} <= result.keys()


def _apart(cards: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """Parts of one run as they are; who is called alike and judged by the same claims is called by his file."""
    told: dict[str, Counter[str]] = {}
    for _, card in cards:
        told.setdefault(card["implementation"], Counter()).update(claim["id"] for claim in card["claims"])
    twice = {name for name, ids in told.items() if max(ids.values()) > 1}
    return [
        (file, card | {"implementation": Path(file).stem} if card["implementation"] in twice else card)
        for file, card in cards
    ]
