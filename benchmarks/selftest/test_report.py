"""Stored runs: what is read, what is refused, and what tables and plots say of them."""

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from shrinkage.benchmarks.cases import CASES
from shrinkage.benchmarks.measure.bare import WAYS
from shrinkage.benchmarks.race.goals import GOALS, ON_ALL
from shrinkage.benchmarks.report import command as report
from shrinkage.benchmarks.report.command import RACE_START, STORED, into_readme, main, tables
from shrinkage.benchmarks.report.readme import END, README, TIMINGS, with_table
from shrinkage.benchmarks.report.runs import Unreadable, out_of_date, read
from shrinkage.benchmarks.report.tables import headline, table

WRONG = "result 0: error / bound = 3.2e+05, must be <= 1"


def timed(seconds: float, ratio: float | None = None, low: float = 0.0, high: float = 0.0) -> dict[str, Any]:
    """One implementation's result in a race; without a ratio, the reference's."""
    beside = {} if ratio is None else {"ratio": ratio, "interval": [low, high]}
    return {"seconds": seconds, "rounds": 40, "error_over_bound": 0.2, "share_of_peak": 2e-4 / seconds, **beside}


def a_row(function: str, label: str, results: dict[str, Any], /, **other: Any) -> dict[str, Any]:
    """A case of a race, as large as it is today."""
    case = next(case for case in CASES if (case.function, case.label) == (function, label))
    flops, moved = case.cost()
    costs = {"sizes": dict(case.sizes), "dtype": "float64", "flops": flops, "bytes": moved}
    named = {"case": str(case), "threads": 1, "function": function, "label": label}
    return {**named, **costs, "results": results, **other}


def a_round(threads: int) -> dict[str, Any]:
    """On so many cores."""
    blas = {f"{name}: openblas 0.3.30 in numpy.libs": threads for name in ("impl", "numpy")}
    peak = {"flops_float64": 4e10 * threads, "flops_float32": 8e10 * threads, "bandwidth": 1e10}
    return {"threads": threads, "blas": blas, "peak": peak}


def a_race() -> dict[str, Any]:
    """A race in which everything happens: won, lost, undecided, wrong, not offered, hostile input, float32."""
    none = {"not_offered": "it has no such function"}
    large = {"numpy": timed(24.2e-3, 11.0, 10.8, 11.2), "torch": {"wrong": f"ridge-large, {WRONG}"}}
    return {
        "schema": 2,
        "kind": "race",
        "date": "2026-11-23T22:00:00+00:00",
        "machine": {"cpu": "AMD EPYC", "cores": 2, "memory_gb": 7.8, "os": "Linux 6.1", "python": "3.11.7"},
        "versions": {"shrinkage": "0.1.0", "numpy": "2.4.6", "torch": "2.13.0", "python": "3.11.7"},
        "absent": {"jax": "jax needs jax: pip install 'jax>=0.10'."},
        "reference": "impl",
        "rounds": [a_round(1)],
        "rows": [
            a_row("ridge", "small", {"impl": timed(4e-6), "numpy": timed(2e-6, 0.5, 0.47, 0.53), "torch": none}),
            a_row("ridge", "large", {"impl": timed(2.2e-3), **large}),
            a_row("ridge", "large", {"impl": timed(2.4e-3), **large}, label="ill-conditioned"),
            a_row("ridge", "large", {"impl": timed(1.2e-3), **large}, dtype="float32"),
            a_row("adam", "large", {"impl": timed(1.4e-3), "numpy": timed(1.41e-3, 1.01, 0.98, 1.04), "torch": none}),
        ],
        "startup": {"impl": {"import": 0.41, "first_call": 0.145, "dispatch": 4.1e-6}, "numpy": {"import": 0.1}},
    }


def a_benchmark(label: str, implementation: str, median: float) -> dict[str, Any]:
    """One entry of what --benchmark-json writes."""
    keys = ("function", "label", "sizes", "dtype", "flops", "bytes")
    info = {key: value for key, value in a_row("ridge", label, {}).items() if key in keys}
    return {
        "extra_info": info | {"implementation": implementation, "threads": {"cores": 2}},
        "stats": {"median": median},
    }


def benchmarks() -> dict[str, Any]:
    """A run by pytest-benchmark, and a case that only one of the two could do."""
    entries = [("large", "numpy", 4e-3), ("large", "impl", 5e-3), ("small", "impl", 4e-6)]
    machine = {"cpu": {"brand_raw": "AMD EPYC", "count": 2}, "system": "Linux", "python_version": "3.11.7"}
    timings = [a_benchmark(*entry) for entry in entries]
    return {"datetime": "2026-11-22T10:00:00+00:00", "machine_info": machine, "benchmarks": timings}


def stored(folder: Path, content: Any, name: str = "race.json") -> Path:
    """The file, whatever its content."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def markdown(folder: Path, content: Any) -> str:
    """Its table."""
    (run,) = read(stored(folder, content))
    return "\n".join(table(run))


# ---- the document of the timings -------------------------------------------------------------------------------------


def test_the_table_of_timings_is_that_of_the_stored_race() -> None:
    """After a new race: shrinkage report RACE --readme."""
    runs = read(STORED)
    for document, lines in ((README, headline(runs)), (TIMINGS, tables(runs))):
        text = document.read_text(encoding="utf-8")
        assert with_table(text, RACE_START, lines) == text
    assert [case for run in runs for case in out_of_date(run)] == []
    assert STORED.stat().st_size < 500_000


def test_a_race_goes_into_the_document_and_is_kept(tmp_path: Path) -> None:
    """What is between the marks is replaced, what is around them stays, and the file can be read again."""
    race = a_race()
    race["rows"] = [row for row in race["rows"] if row["label"] != "ill-conditioned"]
    race["rounds"].append(a_round(2))
    race["rows"] += [row | {"threads": 2} for row in race["rows"]]
    path, folder = stored(tmp_path, race), tmp_path / "clone"
    first, timings = folder / "README.md", folder / "benchmarks" / "README.md"
    timings.parent.mkdir(parents=True)
    for readme in (first, timings):
        readme.write_text(f"before\n{RACE_START}old\n{END}after\n", encoding="utf-8")
    into_readme(path, read(path), folder)
    runs = read(folder / "benchmarks" / "results" / "race.json")
    assert first.read_text(encoding="utf-8") == f"before\n{RACE_START}" + "\n".join(headline(runs)) + f"{END}after\n"
    text = timings.read_text(encoding="utf-8")
    assert text == f"before\n{RACE_START}" + "\n".join(tables(runs)) + f"{END}after\n"
    assert text.count("| `ridge` large | n=2,000, d=200 | 2.20 ms |") == 2
    assert "### On 2 cores" in text
    assert "| libraries | 2 cores | 2 | 1 | 1 | 2 |" in first.read_text(encoding="utf-8")
    assert len([file for file in tmp_path.rglob("*") if file.is_file()]) == 4


def test_a_race_of_other_cases_is_kept_out_of_the_document(tmp_path: Path) -> None:
    """A case that is gone, and one whose sizes have changed since."""
    race = a_race()
    race["rows"][0]["sizes"] = {"n": 11, "d": 3}
    path = stored(tmp_path, race)
    (run,) = read(path)
    assert out_of_date(run) == ["ridge-small", "ridge-ill-conditioned"]
    with pytest.raises(Unreadable, match="ridge-ill-conditioned, ridge-small"):
        into_readme(path, [run], tmp_path)
    path = stored(tmp_path, benchmarks())
    with pytest.raises(Unreadable, match="is no race"):
        into_readme(path, read(path), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["race.json"]


# ---- the table -------------------------------------------------------------------------------------------------------


def test_the_table_says_where_it_was_made(tmp_path: Path) -> None:
    """Date, machine, versions, threads, peak."""
    made = markdown(tmp_path, a_race()).strip().split("\n")[0]
    for said in ("2026-11-23", "AMD EPYC", "2 cores", "7.8", "Linux 6.1", "Python 3.11.7", "numpy 2.4.6", "0.3.30"):
        assert said in made
    assert "threads: 1" in made
    assert made.count("0.1.0") == made.count("0.3.30") == made.count("3.11.7") == 1
    assert "at its peak 40.0 in float64 and 80.0 in float32 Gflop/s, 10.0 GB/s." in made


def test_losses_are_as_plain_as_wins(tmp_path: Path) -> None:
    """Bold in the table, and counted, with the wins and with what the interval does not decide."""
    text = markdown(tmp_path, a_race())
    assert "| `ridge` small | n=10, d=3 | 4.00 µs | 5,000 % | **0.500 (0.470–0.530)** | – |" in text
    assert "| `ridge` large | n=2,000, d=200 | 2.20 ms | 9.09 % | 11.0 (10.8–11.2) | wrong |" in text
    assert "| `ridge` large float32 |" in text
    assert "| 1.01 (0.980–1.04) | – |" in text
    assert (
        "Of 5 comparisons `impl` is faster in 3 and slower in 1 (1 against `numpy`); in 1 the interval holds 1." in text
    )
    assert f"- `torch`, ridge-large: {WRONG}" in text


def test_goals_stand_beside_what_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bold where the interval reaches below the goal, or the share of the peak does; of the best peer that is right."""
    monkeypatch.setattr("shrinkage.benchmarks.report.tables.LIMITS", tmp_path / "none.json")
    race = a_race()
    small, large, _, _, adam = race["rows"]
    small["results"]["torch"] = timed(15e-6, 3.7, 3.4, 5.1)
    small["results"]["numpy"] = timed(20e-6, 5.0, 4.9, 5.1)
    text = markdown(tmp_path, race | {"rows": [small, large, adam]})
    assert "Of 3 goals 1 are reached; **bold** is what falls short of one.\n" in text
    assert "| `ridge` small | `torch` | **3.70 (3.40–5.10)** | ≥ 3.5 |  | 5,000 % of bytes |  |" in text
    assert "| `ridge` large | `numpy` | 11.0 (10.8–11.2) | ≥ 1.3 |  | 9.09 % of flops |  |" in text
    assert "| `adam` large | `numpy` | **1.01 (0.980–1.04)** | ≥ 1.5 |  | **14.3 % of bytes** | ≥ 80 % |" in text


def test_a_goal_without_a_peer_that_is_right_is_undecided(tmp_path: Path) -> None:
    """It is neither reached nor missed; and where nobody but one's own files was right, there is no talk of goals."""
    race = a_race()
    _, large, _, _, adam = race["rows"]
    large["results"]["numpy"] = {"wrong": "It raised RuntimeError: not today"}
    text = markdown(tmp_path, race | {"rows": [large, adam]})
    assert "Of 2 goals 0 are reached, and 1 undecided, for want of a peer that is right; **bold** is" in text
    assert "| `ridge` large | – | – | ≥ 1.3 |" in text
    assert "| `ridge` large | n=2,000, d=200 | 2.20 ms | 9.09 % | raised | wrong |" in text
    assert "- `numpy`, ridge-large: It raised RuntimeError: not today" in text
    assert "Of 1 comparisons" in text
    alone = markdown(tmp_path, race | {"rows": [large]})
    assert "goals" not in alone
    assert "Nothing was compared with `impl`." in alone
    large["results"]["mine.py"] = timed(24.2e-3, 11.0, 10.8, 11.2)
    own = markdown(tmp_path, race | {"rows": [large]})
    assert "Of 1 comparisons `impl` is faster in 1" in own
    assert "goals" not in own


def test_a_goals_limit_stands_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was measured, on this machine and as many cores; and how many goals are beyond theirs."""
    race, limits = a_race(), tmp_path / "limits.json"
    monkeypatch.setattr("shrinkage.benchmarks.report.tables.LIMITS", limits)
    race["rows"] = [race["rows"][0], race["rows"][1], race["rows"][4]]
    row = {"case": "adam-large", "threads": 1, "share": 0.8, "interval": [0.75, 0.9]}
    rows = [
        row,
        row | {"case": "ridge-large", "share": 1.1, "interval": [0.9, 1.2]},
        row | {"case": "ridge-small", "threads": 2},
    ]
    limits.write_text(json.dumps({"machine": race["machine"], "rows": rows}))
    text = markdown(tmp_path, race)
    assert "Of the 2 goals that are not reached 1 have such a limit." in text
    assert "| ≥ 1.5 | 1.26 (1.09–1.39); 17.9 %, below | **14.3" in text
    assert "| ≥ 1.3 | 11.0 (10.8–12.4) | 9.09" in text
    assert "| ≥ 3.5 |  | 5,000 %" in text
    limits.write_text(json.dumps({"machine": race["machine"] | {"cores": 64}, "rows": rows}))
    assert "imit" not in markdown(tmp_path, race).replace("| limit |", "")


def test_what_people_write_is_one_peer_the_fastest_that_is_right(tmp_path: Path) -> None:
    """In whichever library; and each that is wrong is told by its own name."""
    race = a_race()
    lost = {"wrong": f"ridge-large, {WRONG}"}
    small, large = race["rows"][:2]
    small["results"] |= {"numpy-as-written": timed(7e-6, 1.75, 1.7, 1.8), "scipy-as-written": timed(8e-6, 2, 1.9, 2.1)}
    large["results"] |= {"numpy-as-written": lost, "scipy-as-written": timed(2e-3, 0.9, 0.8, 0.95)}
    text = markdown(tmp_path, race | {"rows": [small, large]})
    assert "| case | size | `impl` | share of peak | as written | `numpy` | `torch` |" in text
    assert "| 4.00 µs | 5,000 % | 1.75 (1.70–1.80) `numpy` | **0.500" in text
    assert "| 2.20 ms | 9.09 % | **0.900 (0.800–0.950)** `scipy` | 11.0" in text
    assert f"- `numpy-as-written`, ridge-large: {WRONG}" in text
    assert "slower in 2 (1 against as written, 1 against `numpy`)" in text
    assert "| `ridge` large | as written `scipy` | **0.900 (0.800–0.950)** | ≥ 1.3 |" in text


def test_every_goal_has_a_least_work() -> None:
    """Of its function; `shrinkage.benchmarks.measure.limits` measures it."""
    assert {case.split("-")[0] for case in GOALS | ON_ALL} <= WAYS.keys()


def test_every_goal_is_of_a_case_that_is_timed() -> None:
    """A case that has another name leaves its goal behind."""
    assert GOALS.keys() <= set(map(str, CASES))


def test_the_cases_of_a_function_stand_together_by_size(tmp_path: Path) -> None:
    """Whatever the order in which they were raced; functions keep theirs."""
    race = a_race()
    race["rows"].reverse()
    every = markdown(tmp_path, race).split("<details>")[1]
    cases = re.findall(r"^\| `(\w+)` ([^|]+) \|", every, re.MULTILINE)
    ridge = ["small", "large float32", "ill-conditioned", "large"]  # of two of one size, the first comes first
    assert cases == [("adam", "large"), *(("ridge", label) for label in ridge)]


def test_what_starting_costs_has_a_table_of_its_own(tmp_path: Path) -> None:
    """An implementation that was not measured for one of the costs has a dash there."""
    text = markdown(tmp_path, a_race())
    assert "| starting | import | first call | dispatch |" in text
    assert "| `impl` | 410 ms | 145 ms | 4.10 µs |" in text
    assert "| `numpy` | 100 ms | – | – |" in text


def test_runs_of_pytest_benchmark_have_no_intervals(tmp_path: Path) -> None:
    """They did not take turns: the ratio is that of the medians, and the table says so."""
    text = markdown(tmp_path, benchmarks())
    assert "Timed one after the other on 2026-11-22" in text
    assert "no interval" in text
    assert "| `ridge` large | n=2,000, d=200 | 5.00 ms | – | **0.800** |" in text
    assert "| `ridge` small | n=10, d=3 | 4.00 µs | – | – |" in text
    assert "Of 1 comparisons `impl` is faster in 0 and slower in 1 (1 against `numpy`)." in text


def test_the_peak_is_that_of_flops_or_of_bytes_whichever_takes_longer(tmp_path: Path) -> None:
    """And of the dtype; where it was not measured, there is none."""
    rows = [
        a_row("adam", "large", {"impl": timed(1.0)}, flops=flops, bytes=moved)
        for flops, moved in ((8e10, 1), (1, 3e10))
    ]
    rows[0]["label"], rows[0]["dtype"] = "in float32", "float32"
    (run,) = read(stored(tmp_path, a_race() | {"rows": rows}))
    assert [run.limit(row) for row in run.rows] == [1.0, 3.0]
    (timings,) = read(stored(tmp_path, benchmarks()))
    assert [timings.limit(row) for row in timings.rows] == [None, None]


def test_without_the_reference_the_times_stand_alone(tmp_path: Path) -> None:
    """A wrong answer of the reference leaves nothing to compare with."""
    race = a_race()
    race["rows"] = [a_row("ridge", "large", {"impl": {"wrong": WRONG}, "numpy": timed(24.2e-3)})]
    assert "| `ridge` large | n=2,000, d=200 | wrong | – | 24.2 ms |" in markdown(tmp_path, race)


# ---- what is refused -------------------------------------------------------------------------------------------------

REFUSED: dict[str, Any] = {
    "is not JSON": '{"kind": "race",',
    "NaN": '{"kind": "race", "threads": NaN}',
    "holds neither a race": {"kind": "scorecard"},
    "holds neither": [1, 2],
    "is not a race: at the top, .*'rows'": {key: value for key, value in a_race().items() if key != "rows"},
    "is not a race: at schema, 2 was expected": a_race() | {"schema": 1},
    "is not a race: at rows/0/sizes": a_race() | {"rows": [a_race()["rows"][0] | {"sizes": "many"}]},
    "is not a race: at rows, ": a_race() | {"rows": "many " * 1000},
    "is a race without a case on 1 threads": a_race() | {"rows": []},
    "ridge-small 2 times": a_race() | {"rows": a_race()["rows"][:1] * 2},
    "pytest-benchmark: at benchmarks": benchmarks() | {"benchmarks": []},
    "pytest-benchmark: at benchmarks/0/extra_info": benchmarks()
    | {"benchmarks": [{"extra_info": {}, "stats": {"median": 1.0}}]},
    "ridge-large twice for numpy": benchmarks() | {"benchmarks": benchmarks()["benchmarks"][:1] * 2},
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_foreign_file_is_refused_with_a_sentence(
    said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, which names the file; nothing is written."""
    path = stored(tmp_path, REFUSED[said])
    assert main([str(path), "--markdown", str(tmp_path / "table.md")]) == 2
    message = capsys.readouterr().err
    assert re.search(said, message)
    assert str(path) in message
    assert message.count("\n") == 1
    assert len(message) < 600
    assert [file.name for file in tmp_path.iterdir()] == ["race.json"]


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And bytes that are no text."""
    assert main([str(tmp_path / "none.json")]) == 2
    assert "none.json cannot be read: No such file" in capsys.readouterr().err
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    assert main([str(tmp_path / "bytes.json")]) == 2
    assert "is not JSON" in capsys.readouterr().err


# ---- the command and its plots ---------------------------------------------------------------------------------------


def test_several_files_are_one_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A heading and a table each, printed or written."""
    files = [str(stored(tmp_path, a_race())), str(stored(tmp_path, benchmarks(), "timed.json"))]
    assert main(files) == 0
    printed = capsys.readouterr().out
    assert re.findall("^## .*", printed, re.MULTILINE) == ["## race.json", "## timed.json"]
    assert main([*files, "--markdown", str(tmp_path / "table.md")]) == 0
    assert (tmp_path / "table.md").read_text(encoding="utf-8").strip() == printed.strip()


def test_plots_need_an_extra_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without matplotlib there are tables still."""
    path = stored(tmp_path, a_race())
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "shrinkage.benchmarks.report.plots", raising=False)
    assert main([str(path), "--plots", str(tmp_path / "plots")]) == 2
    assert "--plots needs matplotlib: pip install 'shrinkage[figures]'" in capsys.readouterr().err
    assert main([str(path)]) == 0


def test_the_plots_are_drawn_the_same_every_time(tmp_path: Path) -> None:
    """Small files with labels and units, without a date of today; those of two runs each in a folder."""
    path = stored(tmp_path, a_race())
    for folder in ("once", "again"):
        assert main([str(path), "--plots", str(tmp_path / folder)]) == 0
    drawn = {file.name: file.read_bytes() for file in (tmp_path / "once").iterdir()}
    assert drawn == {file.name: file.read_bytes() for file in (tmp_path / "again").iterdir()}
    assert sorted(drawn) == [
        "ratio-numpy.svg",
        "share-of-peak.svg",
        "time-adam.svg",
        "time-ridge-float32.svg",
        "time-ridge.svg",
    ]
    assert max(map(len, drawn.values())) < 100_000
    said = {name: "\n".join(ElementTree.fromstring(svg).itertext()) for name, svg in drawn.items()}
    for words in ("numpy", "the machine at its peak", "bytes that have to be moved", "ms", "MB", "a  small: n=10, d=3"):
        assert words in said["time-ridge.svg"]
    for words in ("impl is faster: 3", "numpy is faster: 1", "the interval holds 1: 1", "over time of impl"):
        assert words in said["ratio-numpy.svg"]


def test_each_run_has_a_folder_for_its_plots(tmp_path: Path) -> None:
    """Two machines are never in one picture."""
    files = [stored(tmp_path, benchmarks(), name) for name in ("one.json", "two.json")]
    assert main([*map(str, files), "--plots", str(tmp_path / "plots"), "--format", "png"]) == 0
    folders = {folder.name: {file.name for file in folder.iterdir()} for folder in (tmp_path / "plots").iterdir()}
    assert folders == {name: {"ratio-numpy.png", "time-ridge.png"} for name in ("one", "two")}


def test_nobody_can_be_told_from_another_by_colour_alone() -> None:
    """Each has a marker and a line of its own."""
    from shrinkage.benchmarks.report.plots import REFERENCE, STYLES

    styles = [REFERENCE, *STYLES]
    assert len({marker for marker, _, _ in styles}) == len({str(line) for _, line, _ in styles}) == len(styles)


def test_the_readme_takes_one_race(capsys: pytest.CaptureFixture[str]) -> None:
    """The command line is read before any file."""
    with pytest.raises(SystemExit) as ended:
        report.main(["one.json", "two.json", "--readme"])
    assert ended.value.code == 2
    assert "--readme takes one race, not 2 files" in capsys.readouterr().err
