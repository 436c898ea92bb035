"""The page: what it says of what was given, that it says what was not, and that nothing in it can act."""

import base64
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest

from shrinkage import figures
from shrinkage.benchmarks.gate import prove
from shrinkage.benchmarks.report.command import main
from shrinkage.benchmarks.report.page import charts, page, races, verdicts
from shrinkage.benchmarks.report.page.drawings import SAID, drawings
from shrinkage.benchmarks.report.page.sentences import summaries
from shrinkage.benchmarks.report.page.stored import KEPT, SCHEMAS, Stored, read_all
from shrinkage.benchmarks.report.runs import read
from shrinkage.benchmarks.selftest.test_report import a_race, a_row, benchmarks, stored, timed
from shrinkage.contract import CONTRACT

# ---- what runs store -------------------------------------------------------------------------------------------------


def a_claim(sentence: str, mark: str, outcome: str, functions: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One claim of a scorecard."""
    found = {name: {"outcome": outcome, **measured} for name, measured in functions.items()}
    name = re.sub(r"\W+", "_", sentence)
    return {"id": f"t.py::{name}", "claim": sentence, "mark": mark, "outcome": outcome, "seconds": 0.1} | {
        "functions": found,
        **more,
    }


def measured(worst: float | None, code: str, judged: int = 20) -> dict[str, Any]:
    """What a claim has seen of a function."""
    return {"judged": judged, "worst": worst, "input": code, "source": f"the theorem of {code}"}


def a_card(name: str, claims: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A scorecard; the page counts by itself."""
    return {
        **{"schema": 1, "implementation": name, "profile": "quick", "examples": 20, "accuracy": None, "exit": 0},
        **{"versions": {"shrinkage": "0.1.0", "numpy": "2.4.6"}, "functions": {}, "claims": claims, **more},
    }


def right() -> dict[str, Any]:
    """Of `impl`: two functions, every mark, an error of zero."""
    return a_card(
        "impl",
        [
            a_claim("The value is xᵀx.", "mathematics", "held", {"squared_norm": measured(0.25, "squared_norm(x)")}),
            a_claim("Whatever the size.", "accuracy", "held", {"squared_norm": measured(0.5, "squared_norm(X)")}),
            a_claim("Nothing is shared.", "interface", "held", {"squared_norm": {}, "ridge": {}}),
            a_claim("It is exact.", "mathematics", "held", {"ridge": measured(0.0, "ridge(X, y, lam)")}),
        ],
    )


def wrong() -> dict[str, Any]:
    """Of a file that is wrong, departs, has infinite error, and lacks something."""
    story = {"message": "squared_norm: error / bound = 3, must be <= 1"}
    return a_card(
        "/somewhere/mine.py",
        [
            a_claim("The value is xᵀx.", "mathematics", "failed", {"squared_norm": measured(3.0, "f(1)")}, **story),
            a_claim("Nothing is shared.", "interface", "failed", {"squared_norm": {}}, message="it is shared"),
            a_claim("It is exact.", "mathematics", "failed", {"matvec": measured(None, "matvec(A, x)")}, message="no"),
            a_claim("Also for float32.", "accuracy", "departed", {"pinv": measured(9.0, "pinv(X)")}, reason="by hand"),
            a_claim("Its shape.", "interface", "held", {"pinv": {}}),
            a_claim("Every λ.", "mathematics", "not offered", {"ridge": {}}),
        ],
        exit=1,
        accuracy=1e-6,
    )


def a_gate(verdict: str = "regression", **more: Any) -> dict[str, Any]:
    """A result of the gate."""
    case = {"ratio": 1.2, "interval": [1.1, 1.3], "p": 1e-5, "rounds": [12, 16], "control": 1.0, "same_code": False}
    slow = {"case": "ridge-large", **case, "verdict": verdict}
    fast = {"case": "ridge-small", **case, "interval": [None, None], "verdict": "pass"}
    figure = {"name": "ridge", "base": 0.1, "head": None, "verdict": "regression", "note": ""}
    machine = {"cpu": "AMD EPYC", "cores": 2, "memory_gb": 7.8, "os": "Linux", "python": "3.11.7"}
    return {
        **{"schema": 1, "kind": "gate", "date": "2026-11-23T22:00:00+00:00", "machine": machine},
        **{side: {"name": side, "commit": 40 * "a"} for side in ("base", "head")},
        **{"implementation": "impl", "threshold": 0.025, "alpha": 0.01, "seconds": 300, "verdict": verdict},
        **{"reasons": ["ridge-large takes 1.200 times as long"], "notes": ["adam is new"]},
        **{"time": [slow, fast], "compile": [], "memory": []},
        **{"accuracy": [figure], **more},
    }


def a_proof() -> dict[str, Any]:
    """The one that is kept."""
    return json.loads(KEPT[1].read_text(encoding="utf-8"))


def given(folder: Path, **content: Any) -> Stored:
    """Written as files, and read."""
    return read_all([stored(folder, one, f"{name}.json") for name, one in content.items()])


def html(folder: Path, **content: Any) -> str:
    """The page of these files, without the drawings."""
    return page(given(folder, **content), ())


class Text(HTMLParser):
    """What people read, what has a tag, and what scripts hold."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(document)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        """What follows is inside of none."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Apart: text and scripts."""
        (self.scripts if self._inside == "script" else self.words).append(data)

    @property
    def data(self) -> Any:
        """What the page's script reads."""
        return json.loads(self.scripts[0])


# ---- one sentence each -----------------------------------------------------------------------------------------------


def sentences(folder: Path, **content: Any) -> dict[str, tuple[str, str]]:
    """Of each implementation its standing and its sentence."""
    all_given = given(folder, **content)
    judged = verdicts.judged(card for _, card in all_given.cards)
    return {one.name: (one.standing, one.sentence) for one in summaries(all_given, judged)}


def test_one_sentence_says_how_right_how_fast_and_what_changed(tmp_path: Path) -> None:
    """Of who was judged, raced and gated; and of who was not, that it was not."""
    said = sentences(tmp_path, right=right(), wrong=wrong(), race=a_race(), gate=a_gate())
    assert said == {
        "impl": (
            "right",
            "No claim fails of 4 about its 2 functions; worst error 0.5 of what theory allows, in squared_norm; "
            "faster in 3 of 5 comparisons with peers, slower in 1; worse than base, as the gate finds.",
        ),
        "mine.py": (
            "wrong",
            "3 claims fail of 5 about its 3 functions, 1 departed from on purpose; worst error ∞ times what "
            "theory allows, in matvec; bounds widened to the accuracy that it claims, 1e-06; no race says how fast "
            "it is; no gate run says what has changed.",
        ),
        "numpy": (
            "unknown",
            "No scorecard says whether it is right; 11.0 times as long as impl in the median of 5 cases, faster in 1; "
            "no gate run says what has changed.",
        ),
        "torch": (
            "unknown",
            "No scorecard says whether it is right; it was raced, but in no case that can be compared; no gate run "
            "says what has changed.",
        ),
    }


@pytest.mark.parametrize(
    ("changes", "standing", "words"),
    [
        ({"exit": 2}, "unknown", "not finished: a run did not come to its end"),
        ({"claims": right()["claims"][:1] + wrong()["claims"][3:4]}, "departs", "No claim fails of 2"),
        ({"claims": wrong()["claims"][5:]}, "unknown", "It offers nothing judged"),
    ],
    ids=["unfinished", "departs", "offers nothing"],
)
def test_right_is_said_of_nobody_who_was_not_judged_to_the_end(
    changes: dict[str, Any], standing: str, words: str, tmp_path: Path
) -> None:
    """Nor of who departs, without saying so."""
    ((found, sentence),) = sentences(tmp_path, card=right() | changes).values()
    assert found == standing
    assert words in sentence


def test_several_scorecards_of_one_implementation_are_one(tmp_path: Path) -> None:
    """Their claims count together; the last gate run is the one that counts."""
    parts = {name: right() | {"claims": [claim]} for name, claim in zip("abcd", right()["claims"], strict=True)}
    gates = {"new": a_gate("pass"), "old": a_gate(date="2026-01-01T00:00:00+00:00")}
    said = sentences(tmp_path, **parts, **gates)
    assert said["impl"][1].startswith("No claim fails of 4 about its 2 functions; worst error 0.5")
    assert said["impl"][1].endswith("no worse than base, as the gate finds.")


def test_who_is_called_alike_is_not_taken_together(tmp_path: Path) -> None:
    """Two students' `layers` are two, by their files' names: nobody's claims are hidden in another's."""
    said = sentences(tmp_path, ada=right() | {"implementation": "layers"}, bob=wrong() | {"implementation": "layers"})
    assert [(name, standing) for name, (standing, _) in said.items()] == [("ada", "right"), ("bob", "wrong")]


def test_right_is_said_of_all_that_is_offered_or_of_how_much(tmp_path: Path) -> None:
    """What was offered and not judged has a sign of its own, which is not that of what is not offered."""
    card = right() | {"offers": ["squared_norm", "ridge", "matvec"]}
    all_given = given(tmp_path, card=card, wrong=wrong())
    one, _ = verdicts.judged(card for _, card in all_given.cards)
    summary, _ = summaries(all_given, [one, _])
    assert (summary.standing, summary.word) == ("unknown", "2 of 3 judged")
    views = [verdicts.cell(one, name).views[0] for name in ("matvec", "pinv")]
    assert [(view["text"], view["said"]) for view in views] == [("○", "offered, not judged"), ("–", "no claim")]


def test_a_gate_of_somebody_s_tests_is_all_that_its_page_is_about(tmp_path: Path) -> None:
    """No functions of ours, nothing that was not given; of a test's code it is not known whether it is the same."""
    (row, _) = a_gate()["time"]
    theirs = a_gate("regression", time=[row | {"case": "t.py::test_f[1]", "same_code": None}], accuracy=[])
    alone = given(tmp_path, gate=theirs)
    assert not alone.own
    text = Text(page(alone, ())).text
    assert "1 case whose time does not pass" in text
    assert "impl regression Worse than base" in text
    assert not re.search("How right|was given|not judged|changed regression", text)
    assert given(tmp_path, gate=theirs, card=right()).own
    assert given(tmp_path, gate=a_gate(time=[])).own, "of accuracy alone, say"


# ---- functions by implementations ------------------------------------------------------------------------------------


def cells(folder: Path, card: dict[str, Any]) -> dict[str, verdicts.Cell]:
    """By function."""
    (one,) = verdicts.judged([card for _, card in given(folder, card=card).cards])
    return {name: verdicts.cell(one, name) for name in verdicts.functions([one])}


def test_a_cell_is_numbered_and_coloured_by_mark(tmp_path: Path) -> None:
    """The worst of all claims, then of each mark."""
    found = cells(tmp_path, right())
    views = [(view["text"], view["shade"]) for view in found["squared_norm"].views]
    assert views == [("0.5", "q2"), ("0.25", "q1"), ("0.5", "q2"), ("·", "exact")]
    assert [view["text"] for view in found["ridge"].views] == ["0", "0", "–", "·"]
    found = cells(tmp_path, wrong())
    shown = {
        name: (cell.views[0]["text"], cell.views[0]["flag"], cell.views[0]["shade"]) for name, cell in found.items()
    }
    assert shown == {
        "squared_norm": ("3", "✗", "failed"),
        "matvec": ("∞", "✗", "failed"),
        "pinv": ("·", "†", "exact"),  # an error where it departs is none of its errors
        "ridge": ("–", "", "none"),
    }
    order = sorted(found, key=lambda name: -found[name].views[0]["sort"])
    assert order == ["matvec", "squared_norm", "pinv", "ridge"]


def test_a_cell_opens_the_claim_the_input_and_the_source(tmp_path: Path) -> None:
    """Of the largest error of each mark; what failed comes first, with its story."""
    first, *rest = cells(tmp_path, wrong())["squared_norm"].entries
    assert (first["claim"], first["input"], first["source"]) == ("The value is xᵀx.", "f(1)", "the theorem of f(1)")
    assert (first["top"], first["worst"]) == (3.0, "3")
    assert "error / bound = 3" in first["story"]
    assert [entry["story"] for entry in rest] == ["it is shared"]
    (departed, held) = cells(tmp_path, wrong())["pinv"].entries
    assert (departed["story"], departed["outcome"], held["outcome"]) == ("by hand", "departed", "held")
    assert "top" not in departed
    tops = [entry for entry in cells(tmp_path, right())["squared_norm"].entries if "top" in entry]
    assert [(entry["mark"], entry["input"]) for entry in tops] == [
        ("mathematics", "squared_norm(x)"),
        ("accuracy", "squared_norm(X)"),
    ]


def test_variants_of_a_claim_are_one_entry(tmp_path: Path) -> None:
    """With their number, and the input of the worst of them."""
    claims = [
        a_claim("It is right.", "accuracy", "held", {"ridge": measured(worst, f"ridge({worst})")}) | {"id": str(worst)}
        for worst in (0.1, 0.9, 0.2)
    ]
    (entry,) = cells(tmp_path, a_card("impl", claims))["ridge"].entries
    assert (entry["n"], entry["judged"], entry["worst"], entry["input"]) == (3, 60, "0.9", "ridge(0.9)")


def test_the_table_has_a_button_a_cell_and_scopes(tmp_path: Path) -> None:
    """Headings of rows and columns say so; each function says its chapter; data and table agree."""
    document = Text(html(tmp_path, right=right(), wrong=wrong()))
    data = document.data
    assert data["functions"] == ["squared_norm", "matvec", "pinv", "ridge"]
    assert data["implementations"] == ["impl", "mine.py"]
    buttons = [attributes for tag, attributes in document.tags if attributes.get("class") == "cell"]
    assert [(b["data-row"], b["data-column"]) for b in buttons] == [
        (str(i), str(j)) for i in range(4) for j in range(2)
    ]
    assert {attributes.get("type") for tag, attributes in document.tags if tag == "button"} <= {"button", "reset"}
    assert {attributes.get("scope") for tag, attributes in document.tags if tag == "th"} == {"row", "col"}
    chapters = [
        attributes["data-chapter"] for tag, attributes in document.tags if tag == "tr" and "data-chapter" in attributes
    ]
    assert chapters == ["1", "1", "2", "3"]
    (worst,) = [entry for entry in data["cells"][0][1]["entries"] if "top" in entry]
    assert data["texts"][worst["source"]] == "the theorem of f(1)"


def test_what_the_contract_does_not_know_has_a_chapter_of_its_own(tmp_path: Path) -> None:
    """A function of somebody else's scorecard."""
    document = Text(html(tmp_path, card=a_card("impl", [a_claim("It is.", "interface", "held", {"theirs": {}})])))
    assert document.data["functions"] == ["theirs"]
    assert "Not in the contract" in document.text


# ---- times and ratios ------------------------------------------------------------------------------------------------


def drawn(folder: Path, race: Any) -> list[Any]:
    """The charts of its one run."""
    (run,) = read(stored(folder, race))
    return list(charts.charts(run))


def test_times_stand_where_the_axes_say(tmp_path: Path) -> None:
    """Ten times the bytes is as far on the logarithmic axis wherever it is, and ten times as far on the linear one."""
    rows = []
    for i, label in enumerate(("small", "large", "wide")):
        row = a_row("ridge", label, {"impl": timed(10.0 ** (i - 6))}, bytes=10.0 ** (i + 3), flops=1.0)
        rows.append(row)
    (chart,) = drawn(tmp_path, a_race() | {"rows": rows})
    for scale in chart.scales:
        (curve,) = scale.curves
        xs, ys = [x for x, *_ in curve.markers], [y for _, y, *_ in curve.markers]
        ticks = dict((label.replace("\u202f", " "), at) for at, label in scale.across)
        if scale.kind == "log":
            assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)
            assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2], abs=0.2)
            assert [ticks[label] for label in ("1 kB", "10 kB", "100 kB")] == xs
        else:
            zero = ticks["0 B"]
            assert (xs[2] - zero) / (xs[1] - zero) == pytest.approx(10, rel=0.05)
        assert len(scale.peak.split()) == 3
        ends = [tuple(map(float, point.split(","))) for point in scale.peak.split()]
        middle = [sum(both) / 2 for both in zip(*ends[1:], strict=True)]  # of its longest piece
        beside = (8, 12, "start") if scale.kind == "log" else (0, -8, "middle")  # the linear one lies at the bottom
        assert scale.summit[2] == beside[2]
        assert scale.summit[:2] == pytest.approx([middle[0] + beside[0], middle[1] + beside[1]], abs=0.1)
    assert "impl: 1.00 µs for small (n=10, d=3), 100 µs for wide" in chart.said


def test_a_hostile_case_stands_beside_the_line(tmp_path: Path) -> None:
    """It has a marker of its own, hollow; every implementation that was timed has a curve."""
    found = {(chart.function, chart.dtype): chart for chart in drawn(tmp_path, a_race())}
    assert set(found) == {("ridge", "float64"), ("ridge", "float32"), ("adam", "float64")}
    for scale in found["ridge", "float64"].scales:
        assert [curve.name for curve in scale.curves] == ["impl", "numpy"]
        hollow = [said for _, _, hollow, said in scale.curves[0].markers if hollow]
        assert hollow == ["impl: 2.40 ms for ill-conditioned (n=2,000, d=200)"]
        assert len(scale.curves[0].line.split()) == 2


def test_neighbours_have_one_range_of_times_and_both_axes_a_name(tmp_path: Path) -> None:
    """Those of one chapter, on logarithmic axes; the line of the peak is called so where it stands."""
    race = a_race()
    race["rows"][0] |= {"dtype": "float32", "results": {"impl": timed(1e-9)}}
    there = drawn(tmp_path, race)
    up = {(chart.function, chart.dtype): chart.scales[0].up for chart in there}
    assert up["ridge", "float64"] == up["ridge", "float32"] != up["adam", "float64"]
    written = html(tmp_path, race=race)
    svgs = re.findall(r"<svg class=\"chart.*?</svg>", written, re.DOTALL)
    assert len(svgs) == 2 * len(there)
    for svg in svgs:
        words = ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter("text")]
        assert {"bytes that have to be moved", "time of a call, median"} <= {*words}
        assert words.count("machine's peak") == svg.count('<polyline class="peak"') == 1


def test_headings_are_words(tmp_path: Path) -> None:
    """No files' names."""
    written = html(tmp_path, card=right(), race=a_race(), timed=benchmarks(), gate=a_gate(), proof=a_proof())
    heads = re.findall(r"<(h[1-6]).*?>(.*?)</\1>", written, re.DOTALL)
    assert {"Race on 1 core, 2026-11-23", "Run by pytest-benchmark, 2026-11-22"} <= {said for _, said in heads}
    assert [said for _, said in heads if ".json" in said] == []


def test_wins_and_losses_are_shown_alike(tmp_path: Path) -> None:
    """Each with its sign, its interval and its place on one axis; what is wrong is listed."""
    (run,) = read(stored(tmp_path, a_race()))
    axis = races.Axis(run)
    lines = {f"{line.function}-{line.label}": line.ratios["numpy"] for line in races.lines(run, axis)}
    assert {case: ratio.outcome for case, ratio in lines.items()} == {
        "ridge-small": "lost",
        "ridge-large": "won",
        "ridge-ill-conditioned": "won",
        "ridge-large float32": "won",
        "adam-large": "undecided",
    }
    lost, won = lines["ridge-small"], lines["ridge-large"]
    assert (lost.text, lost.interval) == ("0.500", "0.470–0.530")
    assert 0 <= lost.low < lost.at < lost.high < axis.one < won.low < won.at < won.high <= 100
    text = Text(html(tmp_path, race=a_race())).text
    for said in ("0.500 0.470–0.530", "11.0 10.8–11.2", "1.01 0.980–1.04", "in 1 the interval holds 1"):
        assert said in text
    assert "torch, ridge-large: result 0: error / bound = 3.2e+05" in text


def test_runs_without_intervals_say_so(tmp_path: Path) -> None:
    """Of pytest-benchmark."""
    text = Text(html(tmp_path, timed=benchmarks())).text
    assert "no interval, as they did not take turns" in text
    assert "0.800" in text
    assert "the interval holds 1" not in text


# ---- the gate, the drawings, what is missing -------------------------------------------------------------------------


def test_the_gates_last_verdict_and_its_proof(tmp_path: Path) -> None:
    """With reasons, intervals, and what else was compared."""
    text = Text(html(tmp_path, gate=a_gate(), proof=a_proof())).text
    for said in ("regression", "ridge-large takes 1.200 times as long", "1.100–1.300", "too few rounds"):
        assert said in text
    assert "error over bound: 1 of 1 have become worse" in text
    assert f"{a_proof()['alarms']['count']} of {a_proof()['alarms']['of']}" in text
    assert "every promise is kept" in text
    share, interval = (prove.told(a_proof()["alarms"]), prove.percents(a_proof()["alarms"]))
    assert f"Runs of unchanged code with an alarm: {share}, at 95 % {interval} of all." in text


def test_the_proof_that_is_kept_is_as_its_schema_says() -> None:
    """And so is what the gate stores."""
    for kind, content in {"proof": a_proof(), "gate": a_gate()}.items():
        jsonschema.validate(content, json.loads(SCHEMAS[kind].read_text(encoding="utf-8")))


def test_every_drawing_is_there_with_what_it_shows(tmp_path: Path) -> None:
    """All of shrinkage.figures, whole, in words too, the same in another process, told of, and nothing compiled."""
    assert set(SAID) == set(figures.__all__)
    lines: list[str] = []
    drawn = list(drawings(lines.append))
    said = [f"drawing {number} of {len(SAID)}: {title}" for number, (title, _) in enumerate(SAID.values(), 1)]
    assert lines == said
    for drawing in drawn:
        head, content = drawing.uri.split(";base64,")
        assert head == "data:image/svg+xml"
        assert ElementTree.fromstring(base64.b64decode(content)).tag.endswith("svg")
    out = tmp_path / "page.html"
    code = f"import sys; from {main.__module__} import main; main(sys.argv[1:]); print('numba' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code, "--page", out], capture_output=True, text=True, check=True)
    assert ran.stdout.endswith("\nFalse\n")
    assert ran.stderr.splitlines() == [f"shrinkage report: {line}" for line in said]
    images = [attributes for tag, attributes in Text(out.read_text(encoding="utf-8")).tags if tag == "img"]
    assert [(image["src"], image["alt"]) for image in images] == [(drawing.uri, drawing.said) for drawing in drawn]


def test_what_was_not_given_is_said(tmp_path: Path) -> None:
    """And how to make it; with everything given nothing is said to be missing."""
    text = Text(page(Stored(), ())).text
    for kind, said in {"scorecard": "how right", "race": "how fast", "gate run": "what has changed"}.items():
        assert f"No {kind} was given" in text
        assert said in text
    assert "how often the gate is wrong, as no proof of the gate was given." in text
    text = Text(html(tmp_path, card=right(), race=a_race(), gate=a_gate(), proof=a_proof())).text
    assert "was given" not in text
    assert "Not told" not in text
    said = sentences(tmp_path, race=a_race())
    assert said["impl"][1] == "Faster in 3 of 5 comparisons with peers, slower in 1."


def test_every_function_of_the_contract_has_a_chapter() -> None:
    """So that the filter reaches it."""
    assert {verdicts.chapter(name) for name in CONTRACT} == {1, 2, 3, 4, 5}
