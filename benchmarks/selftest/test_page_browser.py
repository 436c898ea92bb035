"""The page in a real browser, made from small runs: ``pytest benchmarks/selftest/test_page_browser.py -m browser``.

It takes Chromium or Chrome with its driver (``apt-get install chromium chromium-driver``), and selenium of the extra
`dev`. Where one of them is missing it fails and says so.
"""

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shrinkage.benchmarks.report.command import main
from shrinkage.benchmarks.report.page.stored import KEPT
from shrinkage.properties.selftest.own_pytest import own_pytest
from shrinkage.properties.selftest.test_scorecard import MIXED

pytestmark = pytest.mark.browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--headless=new",
    "--no-sandbox",  # root in a container has none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    # It would look for updates and send reports.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
LONG = "layers_of_bartholomew_the_third.py + optim_with_adam_and_rmsprop.py + fully_connected_nets.py"
# Of every text that is seen, how it stands out from what is behind it, by WCAG 2; below 4.5 is what is given back.
FAINT = """
const channel = (v) => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
const parts = (color) => color.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = parts(getComputedStyle(e).backgroundColor);
    if (color[3] !== 0) return color;
  }
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.checkVisibility() || element.closest("svg, script, style, select")) continue;
  const [a, b] = [light(parts(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
  const contrast = (a + 0.05) / (b + 0.05);
  if (contrast < 4.5) found.push(`${element.tagName}.${element.className} ${contrast} ${element.textContent}`);
}
return found;
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the page: two runs of this suite, the race and the proof that are kept, and the drawings."""
    folder = tmp_path_factory.mktemp("page")
    mine, cards = folder / "mine.py", [folder / "impl.json", folder / "mine.json"]
    mine.write_text(MIXED)
    for name, card in zip(("numpy", str(mine)), cards, strict=True):
        own_pytest("properties/test_calculus.py", "--impl", name, "--scorecard", str(card))
    long = folder / "long.json"
    long.write_text(json.dumps(json.loads(cards[1].read_text()) | {"implementation": LONG}))
    assert main(["--page", str(folder / "page.html"), *map(str, [*cards, long, *KEPT])]) == 0
    assert (folder / "page.html").stat().st_size < 2_000_000
    return (folder / "page.html").as_uri()


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser of its own, which keeps a record of its console and of what it asks the network for."""
    from selenium import webdriver

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    chromedriver = shutil.which("chromedriver")
    assert browser, f"none of {', '.join(BROWSERS)} is installed"
    assert chromedriver, "chromedriver is not installed"
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    yield running
    running.quit()


@pytest.fixture
def shown(driver: Any, address: str) -> Iterator[Any]:
    """The page, opened anew; in the end nothing was said on the console, and nothing asked of the network."""
    driver.get("about:blank")
    driver.get_log("performance")  # what the browser's own first page asked for
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    resize(driver, 1400)
    driver.get(address)
    driver.execute_script("localStorage.clear()")
    driver.refresh()
    yield driver
    assert driver.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file://", "data:image/", "about:"))] == []
    assert any(url.startswith("file://") for url in asked)


def resize(driver: Any, width: int) -> None:
    """A desktop's or a telephone's screen."""
    size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def seen(driver: Any, selector: str) -> list[Any]:
    """What is there and not hidden."""
    return [element for element in driver.find_elements("css selector", selector) if element.is_displayed()]


def click(driver: Any, selector: str) -> None:
    """The first one, which the page scrolls to."""
    (element, *_) = driver.find_elements("css selector", selector)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def choose(driver: Any, control: str, label: str) -> None:
    """In a list, by what it says."""
    from selenium.webdriver.support.select import Select

    Select(driver.find_element("id", control)).select_by_visible_text(label)


def column(driver: Any, implementation: str) -> list[str]:
    """What the cells of an implementation say, from above, those of hidden rows left out."""
    cells = seen(driver, f"#verdicts tbody td[data-impl='{implementation}']")
    return [" ".join(cell.find_element("css selector", ".text").text.split()) for cell in cells]


def test_a_heading_sorts(shown: Any) -> None:
    """The worst first, then the best, what is not offered last or first; by the keyboard as well."""
    before = column(shown, "mine.py")
    click(shown, "#verdicts th[data-impl='mine.py'] button")
    worst_first = column(shown, "mine.py")
    assert sorted(worst_first) == sorted(before)
    assert worst_first != before
    names = [head.text for head in seen(shown, "#verdicts tbody th")]
    assert names[0] == "squared_norm"
    head = shown.find_element("css selector", "#verdicts th[data-impl='mine.py']")
    assert head.get_attribute("aria-sort") == "descending"
    head.find_element("css selector", "button").send_keys("\ue007")  # Enter
    assert head.get_attribute("aria-sort") == "ascending"
    assert [head.text for head in seen(shown, "#verdicts tbody th")][-1] == "squared_norm"
    click(shown, ".ratios th[data-impl='torch'] button")
    ratios = [cell.text.split()[1] for cell in seen(shown, ".ratios td[data-impl='torch'].won")[:5]]
    assert ratios == sorted(ratios, key=float, reverse=True)


def test_filters_hold_for_the_whole_page(shown: Any) -> None:
    """Chapter, mark and implementation; the button brings everything back."""
    everything = len(seen(shown, "#verdicts tbody tr"))
    charts = len(shown.find_elements("css selector", "details.charts"))
    choose(shown, "chapter", "1 · Vector calculus")
    assert len(seen(shown, "#verdicts tbody tr")) == 8 < everything
    assert shown.find_element("id", "shown").text == f"8 of {everything} functions"
    assert len(seen(shown, "details.charts")) == len(seen(shown, ".run")) < charts  # one of each run
    assert seen(shown, "details.charts .chart")
    assert {row.get_attribute("data-chapter") for row in seen(shown, ".ratios tbody tr")} == {"1"}
    all_marks = column(shown, "numpy")
    choose(shown, "mark", "interface")
    assert column(shown, "numpy") != all_marks
    click(shown, "input[name=impl][value=torch]")
    click(shown, "input[name=impl][value=numpy]")
    assert seen(shown, "[data-impl=torch]") == seen(shown, "[data-impl=numpy]") == []
    assert seen(shown, "[data-impl=jax]")
    click(shown, "button[type=reset]")
    wait(shown, "return document.querySelectorAll('#verdicts .off').length === 0")
    assert len(seen(shown, "#verdicts tbody tr")) == everything
    assert column(shown, "numpy")[: len(all_marks)] == all_marks


def wait(driver: Any, condition: str) -> None:
    """Until the script gives true."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(driver, 10).until(lambda running: running.execute_script(condition))


def test_a_cell_opens_its_story(shown: Any) -> None:
    """The claim, what failed, the input as code that can be copied, the source; and the focus comes back."""
    cell = "#verdicts td[data-impl='mine.py'].failed button"
    click(shown, cell)
    story = shown.find_element("id", "story")
    assert story.find_element("id", "story-title").text == "squared_norm · mine.py"
    failed = story.find_element("id", "story-fails").text
    assert "‖x‖²" in failed
    assert "error / bound" in failed
    code = story.find_element("id", "story-input").text
    assert isinstance(eval(code, {"np": np, "squared_norm": np.asarray}), np.ndarray)
    assert story.find_element("id", "story-source").text
    story.find_element("id", "copy").click()
    wait(shown, "return document.getElementById('copied').textContent === 'Copied'")
    shown.switch_to.active_element.send_keys("\ue00c")  # Escape
    assert not story.is_displayed()
    assert shown.execute_script(f'return document.activeElement === document.querySelector("{cell}")')


def test_axes_can_be_linear(shown: Any) -> None:
    """One kind at a time, and of each run by itself."""
    assert len(seen(shown, ".run")) == 2  # of one core and of all
    for run in (".run:has(~ .run)", ".run ~ .run"):
        assert seen(shown, f"{run} .chart.log")
        assert not seen(shown, f"{run} .chart.linear")
        click(shown, f"{run} input[value=linear]")
        assert seen(shown, f"{run} .chart.linear")
        assert not seen(shown, f"{run} .chart.log")


def test_the_theme_follows_the_system_until_it_is_switched(shown: Any) -> None:
    """And is kept when the page is opened again."""

    def dark() -> bool:
        style = shown.execute_script("return getComputedStyle(document.body).backgroundColor")
        pressed = shown.find_element("id", "theme").get_attribute("aria-pressed")
        assert pressed == str(style != "rgb(255, 255, 255)").lower()
        return pressed == "true"

    def system(theme: str) -> None:
        features = [{"name": "prefers-color-scheme", "value": theme}]
        shown.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    system("dark")
    wait(shown, "return document.getElementById('theme').ariaPressed === 'true'")
    assert dark()
    system("light")
    wait(shown, "return document.getElementById('theme').ariaPressed === 'false'")
    assert not dark()
    click(shown, "#theme")
    assert dark()
    shown.refresh()
    assert dark()
    click(shown, "#theme")
    assert not dark()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits_and_can_be_read(shown: Any, width: int, theme: str, tmp_path: Path) -> None:
    """No page wider than its screen, every text in contrast to what is behind it, and a picture of it."""
    resize(shown, width)
    shown.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
    assert shown.execute_script("return document.documentElement.scrollWidth") <= width
    assert shown.execute_script(FAINT) == []
    shown.execute_script("document.querySelector('h1').style.color = 'rgb(120, 120, 120)'")
    assert [text.split(".")[0] for text in shown.execute_script(FAINT)] == ["H1"]
    shown.execute_script("document.querySelector('h1').style.color = ''")
    for picture in seen(shown, "img"):
        assert int(picture.get_property("naturalWidth")) > 0
    path = tmp_path / f"{theme}-{width}.png"
    assert shown.save_screenshot(str(path))
    content = path.read_bytes()
    assert struct.unpack(">II", content[16:24]) == (width, 1000)
    assert len(content) > 20_000  # a blank page has some thousand bytes


def test_what_has_the_focus_is_seen(shown: Any) -> None:
    """Tabbing goes over links, buttons and lists, each with an outline."""
    tags = set()
    for _ in range(25):
        shown.switch_to.active_element.send_keys("\ue004")  # Tab
        outline = shown.execute_script(
            "const e = document.activeElement; return [e.tagName, getComputedStyle(e).outlineStyle]"
        )
        tags.add(outline[0])
        assert outline[1] != "none"
    assert {"A", "BUTTON", "SELECT", "INPUT"} <= tags


def test_a_long_name_leaves_the_others_in_view(shown: Any) -> None:
    """Its column is as wide as others, whole at a desktop's width; on a telephone nothing is wider than the screen."""
    resize(shown, 1280)
    heads = seen(shown, "#verdicts thead th")
    assert heads[-1].get_attribute("data-impl") == LONG
    table = shown.find_element("css selector", ".scroll:has(#verdicts)")
    assert heads[-1].rect["x"] + heads[-1].rect["width"] <= table.rect["x"] + table.rect["width"]
    resize(shown, 390)
    assert heads[-1].rect["width"] <= 160
    assert shown.execute_script("return document.documentElement.scrollWidth") <= 390
    for label in seen(shown, ".filters label, .summaries h2"):
        assert label.rect["x"] + label.rect["width"] <= 390


def test_every_link_is_seen_on_a_telephone(shown: Any) -> None:
    """Without scrolling sideways."""
    resize(shown, 390)
    links = seen(shown, "nav a")
    assert len(links) == 6
    assert all(link.rect["x"] >= 0 and link.rect["x"] + link.rect["width"] <= 390 for link in links)


def test_a_table_that_goes_on_says_so(shown: Any) -> None:
    """By a shadow, while the first column stays; the proof with its intervals fits, and so has none."""
    resize(shown, 390)
    sides = "return [...document.querySelector('.more:has(#verdicts)').classList].sort().join(' ')"
    scroll = "document.querySelector('.scroll:has(#verdicts)').scrollTo({left: arguments[0], behavior: 'instant'})"
    wait(shown, f"return (() => {{ {sides} }})() === 'below more right'")
    first = shown.find_element("css selector", "#verdicts tbody th")
    before = first.rect["x"]
    shown.execute_script(scroll, 40)
    wait(shown, f"return (() => {{ {sides} }})() === 'below left more right'")
    shown.execute_script(scroll, 9999)
    wait(shown, f"return (() => {{ {sides} }})() === 'below left more'")
    assert first.rect["x"] == before
    shadow = "return ['::after', '::before'].map((part) => getComputedStyle(arguments[0], part).opacity)"
    assert shown.execute_script(shadow, shown.find_element("css selector", ".more:has(#verdicts)")) == ["0", "1"]
    proof = shown.find_element("css selector", ".scroll:has(.wraps)")
    assert shown.execute_script("return arguments[0].scrollWidth <= arguments[0].clientWidth", proof)
    assert shown.execute_script(shadow, proof.find_element("xpath", "..")) == ["0", "0"]
