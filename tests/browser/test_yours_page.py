"""The page about one's own data in a real browser: from an upload to the corrected file, by keyboard, by lasso, by filter."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.test_noise_page import type_cell
from tests.browser.test_scatter_component import SPIRAL, draw, hook

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
CLASSES = ("<b>ash</b>", "=1+1", "oak")
PATIENCE = 200_000  # of a worker that starts
WRONG = "Which labels are wrong"


@pytest.fixture(scope="module")
def address(serve_app: Callable[..., str], tmp_path_factory) -> str:
    home = {"LAB_DATA": "", "LAB_HOME": str(tmp_path_factory.mktemp("home"))}
    return f"{serve_app(ROOT / 'app.py', environment=home)}/yours"


@pytest.fixture(scope="module")
def leaves() -> bytes:
    """90 rows of three classes that lie apart; rows 4, 40 and 77 carry a wrong label, row 10 none."""
    rng = np.random.default_rng(3)
    y = np.arange(90) % 3
    x = rng.normal(0, 1, (90, 3)) + 6 * np.eye(3)[y]
    given = y.copy()
    given[[4, 40, 77]] = (given[[4, 40, 77]] + 1) % 3
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["leaf", "length", "width", "hue", "tree"])
    for i in range(90):
        writer.writerow([f"leaf {i}", *(f"{v:.4f}" for v in x[i]), "" if i == 10 else CLASSES[given[i]]])
    return out.getvalue().encode()


@pytest.fixture
def uploaded(new_page, address, leaves) -> object:
    """A page on which the leaves were uploaded."""
    page = new_page()
    page.goto(address)
    page.get_by_role("heading", name="Bring a file").wait_for(timeout=60_000)
    page.locator("input[type=file]").set_input_files({"name": "leaves.csv", "mimeType": "text/csv", "buffer": leaves})
    page.get_by_text("89 labelled of 90 rows").wait_for(timeout=PATIENCE)
    return page


@pytest.fixture(autouse=True)
def _asked_below_the_page_first(new_page, console_errors):
    """Streamlit looks for its own addresses below /yours first, and says so."""
    yield
    console_errors[:] = [error for error in console_errors if "404" not in error]


def section(page, name: str) -> None:
    page.get_by_test_id("stMain").get_by_role("radio", name=name, exact=True).click()


def suspects(page):
    """The list, once it is there."""
    section(page, WRONG)
    root = page.locator(".lab-review[data-ready=true]")
    root.wait_for(timeout=PATIENCE)
    return root


def download(page, name: str) -> bytes:
    with page.expect_download() as file:
        page.get_by_role("button", name=name, exact=True).click()
    return Path(file.value.path()).read_bytes()


def decided(page, words: str) -> None:
    page.get_by_text(words, exact=False).first.wait_for()


def test_from_upload_to_the_corrected_file_by_keyboard(uploaded, leaves, new_page) -> None:
    page = uploaded
    assert "leaf" not in page.url
    root = suspects(page)
    called = int(re.search(r"(\d+) of 89 labels look wrong", page.get_by_test_id("stMain").inner_text()).group(1))
    rows = [int(text) for text in root.locator("tbody td.row").all_inner_texts()]
    assert len(rows) == called
    assert {4, 40, 77} <= set(rows[:5])
    root.locator("tbody tr").first.click()
    for key in "rkdu":
        page.keyboard.press(key)
    page.keyboard.press("z")
    decided(page, "(1 kept, 1 relabelled, 1 dropped)")
    page.keyboard.press("y")
    page.keyboard.press("z")
    decided(page, "Decided: 3")
    page.get_by_role("heading", name=re.compile("Why row")).wait_for()

    section(page, "Out")
    page.get_by_role("button", name="Corrected file").wait_for(timeout=PATIENCE)
    corrected = list(csv.DictReader(io.StringIO(download(page, "Corrected file").decode())))
    original = list(csv.DictReader(io.StringIO(leaves.decode())))
    assert len(corrected) == 89
    assert list(corrected[0])[:5] == list(original[0])
    kept = [row for i, row in enumerate(original) if i != rows[2]]
    # a cell that a spreadsheet would run has an apostrophe before it
    assert [[row[name].removeprefix("'") for name in original[0]] for row in corrected] == [
        list(row.values()) for row in kept
    ]
    changed = [row["leaf"] for row in corrected if row["tree_corrected"] != row["tree"]]
    assert changed == [f"leaf {rows[0]}"]

    issues = list(csv.DictReader(io.StringIO(download(page, "Issues (CSV)").decode())))
    assert len(issues) == 89
    assert sum(row["is_issue"] == "True" for row in issues) == called
    report = download(page, "Report (HTML)").decode()
    assert f"{called} labels look wrong" in report
    assert "<b>ash" not in report
    assert "&lt;b&gt;ash" in report

    other = new_page()  # a second tab, by the address alone
    other.goto(page.url)
    other.get_by_text("Decided: 3").first.wait_for(timeout=PATIENCE)
    for left in (2, 1):
        section(other, WRONG)
        other.locator(".st-key-undo button").click()
        decided(other, f"Decided: {left}")
    other.locator(".st-key-undo button").click()
    decided(other, "Nothing is decided yet")
    page.reload()
    page.get_by_role("button", name="The file as it came").wait_for(timeout=PATIENCE)
    assert download(page, "The file as it came") == leaves


def test_a_lasso_and_a_filter_decide_for_many(uploaded) -> None:
    page = uploaded
    suspects(page)
    maps = page.locator(".lab-scatter[data-ready=true]")
    maps.wait_for(timeout=60_000)
    maps.scroll_into_view_if_needed()
    draw(page, maps, SPIRAL)
    chosen = hook(maps, "hook.selection")
    assert 0 < len(chosen) < 89
    page.get_by_text(f"The buttons decide for {len(chosen)} label").wait_for()
    many = page.locator(".st-key-many-unsure button")
    many.click()
    decided(page, f"Decided: {len(chosen)} ({len(chosen)} unsure)")
    page.locator(".st-key-undo button").click()
    decided(page, "Nothing is decided yet")
    page.get_by_role("radio", name="everything that is listed above").click()
    page.get_by_text("The buttons decide for").wait_for()
    page.locator(".st-key-many-relabel button").click()
    decided(page, "relabelled)")


def test_no_key_is_lost_however_fast(uploaded) -> None:
    page = uploaded
    root = suspects(page)
    page.get_by_test_id("stSelectbox").filter(has_text="Show").get_by_role("combobox").click()
    page.get_by_role("option", name="all labels").click()
    page.get_by_text("89 labels listed").wait_for()
    root.locator("tbody tr").first.click()
    for _ in range(10):
        for key in "kud":
            page.keyboard.press(key)
    decided(page, "Decided: 30 (10 kept, 10 dropped, 10 unsure)")
    assert root.evaluate("root => root.labHook.asked.length") == 0


def test_a_typed_matrix_makes_more_labels_wrong_and_outlives_other_questions_and_a_refresh(uploaded) -> None:
    page = uploaded
    section(page, "What if")
    page.get_by_test_id("stSelectbox").filter(has_text="Kind").get_by_role("combobox").click(timeout=PATIENCE)
    page.get_by_role("option", name="Your own matrix").click()
    page.get_by_role("button", name="No mistakes").click()
    page.get_by_text("Noise must be enough to change a label").wait_for(timeout=PATIENCE)
    type_cell(page, 0, 0.55, "0.25", page.get_by_test_id("stDataFrame").first)
    page.get_by_text("“<b>ash</b>” sums to 1.25").wait_for()
    page.get_by_role("button", name="Scale rows to 1").click()
    made = page.get_by_text("of the labels were made wrong")
    made.wait_for(timeout=PATIENCE)
    words = made.inner_text()
    assert "more-T=" in page.url
    page.get_by_role("radio", name="I checked some labels").click()
    page.get_by_text("Labels that I check").first.wait_for(timeout=PATIENCE)
    page.get_by_role("radio", name="More labels were wrong").click()
    made.wait_for(timeout=PATIENCE)
    page.reload()
    made.wait_for(timeout=PATIENCE)
    assert made.inner_text() == words


def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(uploaded) -> None:
    page = uploaded
    suspects(page)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(600)
        for name in (WRONG, "In", "Health", "What if", "Out"):
            section(page, name)
            if name == "What if":  # until it is computed, what stood there before is paler
                page.get_by_text("of the labels were made wrong").wait_for(timeout=PATIENCE)
            page.mouse.move(0, 0)  # what is under the mouse is paler, by Streamlit's own theme
            page.wait_for_timeout(1500)
            found = Axe().run(page, context="[data-testid=stMain]").response["violations"]
            serious = [
                (violation["id"], [node["html"][:200] for node in violation["nodes"]])
                for violation in found
                if violation["impact"] in ("serious", "critical")
            ]
            assert serious == [], (theme, name)
    main = page.get_by_test_id("stMain")
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert main.evaluate("m => m.scrollWidth <= m.clientWidth + 1"), width


def test_no_column_of_a_detectors_table_is_cut_on_a_narrow_page(uploaded) -> None:
    page = uploaded
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 1100})
        for name in (WRONG, "What if"):
            section(page, name)
            table = page.get_by_test_id("stTable").first
            table.wait_for(timeout=PATIENCE)
            assert table.evaluate("t => t.scrollWidth <= t.clientWidth + 1"), (width, name)
            box = table.locator("th").last.bounding_box()
            assert box["x"] + box["width"] <= width, (width, name)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [("x.csv", b"just one line", "must be"), ("y.zip", b"PK no zip", "must be"), ("z.npz", b"\x93NUMPY", "must be")],
)
def test_a_bad_file_is_one_sentence_and_another_can_follow(new_page, address, name, data, words) -> None:
    page = new_page()
    page.goto(address)
    page.get_by_role("heading", name="Bring a file").wait_for(timeout=60_000)
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/plain", "buffer": data})
    alert = page.get_by_test_id("stAlert")
    alert.wait_for(timeout=PATIENCE)
    assert words in alert.inner_text()
    assert "Traceback" not in page.get_by_test_id("stMain").inner_text()
    page.get_by_role("button", name="Another file").click()
    page.get_by_role("heading", name="Bring a file").wait_for()
