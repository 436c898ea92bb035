"""The page as a file: nothing in it can act, it needs nothing else, and the command refuses with a sentence."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from shrinkage.benchmarks.report.command import main
from shrinkage.benchmarks.report.page import page, verdicts
from shrinkage.benchmarks.report.page.stored import KEPT, read_all
from shrinkage.benchmarks.report.runs import Unreadable
from shrinkage.benchmarks.selftest.test_page import Text, a_gate, a_proof, html, right, wrong
from shrinkage.benchmarks.selftest.test_report import a_race, benchmarks, stored

EVIL = "</script><script>alert('&\"')</script>"


# ---- nothing in it can act, and it needs nothing ---------------------------------------------------------------------


def evil(content: Any) -> Any:
    """The same with every text that is free to be anything replaced by a script."""
    fixed = {"mark", "outcome", "kind", "verdict", "date", "dtype", "commit", "reference", "datetime"}
    if isinstance(content, dict):
        return {
            key: value if key in fixed else (f"{EVIL}{value}" if isinstance(value, str) else evil(value))
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [f"{EVIL}{item}" if isinstance(item, str) else evil(item) for item in content]
    return content


def test_a_script_in_a_name_is_text(tmp_path: Path) -> None:
    """Of functions, claims, implementations, cases, peers: in HTML, in SVG, in the embedded data."""
    card, race, gate, proof = evil(wrong()), evil(a_race()), evil(a_gate()), evil(a_proof())
    card["implementation"] = f"mine{EVIL}"
    for claim in card["claims"]:
        claim["functions"] = {f"{name}{EVIL}": found for name, found in claim["functions"].items()}
    race["reference"] = f"impl{EVIL}"
    for row in race["rows"]:
        row["results"] = {f"{name}{EVIL}": found for name, found in row["results"].items()}
    written = html(tmp_path, card=card, race=race, gate=gate, proof=proof, timed=evil(benchmarks()))
    document = Text(written)
    assert [tag for tag, _ in document.tags].count("script") == len(document.scripts) == 2
    assert document.scripts[1] == (Path(verdicts.__file__).parent / "page.js").read_text(encoding="utf-8")
    assert f"squared_norm{EVIL}" in document.data["functions"]
    assert f"mine{EVIL}" in document.data["implementations"]
    assert any(EVIL in text for text in document.data["texts"])
    assert "alert" in document.text  # as text, for people
    assert not [attributes for _, attributes in document.tags for name in attributes if name.startswith("on")]
    svgs = re.findall(r"<svg class=\"chart.*?</svg>", written, re.DOTALL)
    assert svgs
    for svg in svgs:
        assert "script" not in {element.tag for element in ElementTree.fromstring(svg).iter()}


def test_the_page_is_whole(tmp_path: Path) -> None:
    """Nothing is loaded, no other script may run, it is small, and the same files give the same page."""
    files = [stored(tmp_path, content, f"{i}.json") for i, content in enumerate((right(), wrong()))] + list(KEPT)
    written = page(read_all(files), ())
    assert written == page(read_all(files), ())
    assert len(written.encode()) < 1_000_000
    document = Text(written)
    for tag, attributes in document.tags:
        for name in ("src", "href", "action", "data"):
            assert str(attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
    (policy,) = [a["content"] for tag, a in document.tags if a.get("http-equiv") == "Content-Security-Policy"]
    allowed = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-"
    assert str(policy).startswith(allowed)
    style = re.findall(r"<style>(.*?)</style>", written, re.DOTALL)
    assert "url(" not in style[0]
    assert "@import" not in style[0]


# ---- the command -----------------------------------------------------------------------------------------------------


def without(content: dict[str, Any], key: str) -> dict[str, Any]:
    """All but this."""
    return {name: value for name, value in content.items() if name != key}


REFUSED: dict[str, Any] = {
    "is not JSON": '{"kind": "gate",',
    "is not JSON: .*1e999": '{"kind": "race", "threads": 1e999}',
    "is none of: a scorecard": {"kind": "other"},
    "is none of: a scorecard .*, a race": [1, 2],
    "is not a scorecard: at claims/0": right() | {"claims": [{"id": 3}]},
    "is a scorecard without a claim": right() | {"claims": []},
    "is not a scorecard: at schema": right() | {"schema": 2},
    "is not a result of the gate: at the top, .*'reasons'": without(a_gate(), "reasons"),
    "is not a result of the gate: at verdict": a_gate() | {"verdict": "fine"},
    "is not a proof of the gate: at the top, .*'drawn'": without(a_proof(), "drawn"),
    "detections and drawn/power differ": a_proof() | {"detections": []},
    "is not a race: at rows/0": a_race() | {"rows": [{}]},
}


@pytest.mark.parametrize("said", REFUSED)
def test_a_foreign_or_corrupt_file_is_refused_with_a_sentence(
    said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, which names the file; nothing is written."""
    path = stored(tmp_path, REFUSED[said], "given.json")
    assert main(["--page", str(tmp_path / "page.html"), str(path)]) == 2
    message = capsys.readouterr().err
    assert re.search(said, message)
    assert str(path) in message
    assert message.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["given.json"]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(Unreadable, match=r"none\.json cannot be read: No such file"):
        read_all([tmp_path / "none.json"])


def without_drawings(told: Any) -> Iterator[Any]:
    """They take some seconds."""
    return iter(())


def test_the_command_writes_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the files that are given, each once; without any, of those that are kept."""
    monkeypatch.setattr("shrinkage.benchmarks.report.page.drawings.drawings", without_drawings)
    out, card = tmp_path / "page.html", stored(tmp_path, right(), "card.json")
    assert main(["--page", str(out), str(card), str(card)]) == 0
    assert f"The page is in {out}." in capsys.readouterr().out
    assert "No claim fails of 4" in " ".join(Text(out.read_text(encoding="utf-8")).text.split())
    assert main(["--page", str(out)]) == 0
    text = Text(out.read_text(encoding="utf-8")).text
    assert "race on 1 core" in text
    assert "proof.json" in text
    assert sorted(file.name for file in tmp_path.iterdir()) == ["card.json", "page.html"]


@pytest.mark.parametrize("library", ["jinja2", "matplotlib"])
def test_the_page_needs_an_extra_that_is_named(
    library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """When one of its libraries is missing."""
    for name in [
        name
        for name in sys.modules
        if name.startswith(("shrinkage.benchmarks.report.page", "shrinkage.benchmarks.report.plots"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    assert main(["--page", str(tmp_path / "page.html")]) == 2
    assert capsys.readouterr().err.endswith(f"--page needs {library}: pip install 'shrinkage[page]' brings it.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--page", "{folder}/nowhere/page.html"], "cannot be written: give a file in a folder of yours"),
        (["--page", "{folder}"], "cannot be written"),
        (["--page", "{folder}/page.html", "--plots", "{folder}"], "--page stands alone"),
        ([], "FILE is missing"),
    ],
)
def test_a_command_line_without_sense_is_refused(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any file is read."""
    with pytest.raises(SystemExit) as ended:
        main([argument.format(folder=tmp_path) for argument in arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
