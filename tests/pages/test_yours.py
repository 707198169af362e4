"""The page about one's own data without a browser: what comes in, what counts, what comes out, and what bad input does."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from lab.experiments import Run, uploads
from lab.experiments.queueing import JobQueue
from lab.experiments.reviews import Decision, Review, forget
from lab.experiments.upload_results import issues_csv
from lab.noise import Symmetric
from lab.specs import UploadBudget, UploadForecast, UploadInjection, UploadLook
from lab.specs.upload_studies import UploadStudy
from lab.ui.review_list import Listed, hear
from lab.ui.yours_out import file_of
from lab.ui.yours_report import report_html
from lab.ui.yours_report_what_if import answers_of
from lab.ui.yours_study import Filter, Study
from lab.ui.yours_tables import detector_table
from tests.pages import made_upload as made

PAGE = Path(__file__).parents[2] / "pages" / "yours.py"
CSV = b"id,length,width,colour,species\n1,2,3,red,setosa\n"
WRONG = "Which labels are wrong"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "home"))


@pytest.fixture
def answered(line: JobQueue, monkeypatch: pytest.MonkeyPatch) -> JobQueue:
    monkeypatch.setattr("lab.ui.jobs.submit", made.answering(line))
    return line


@pytest.fixture
def open_yours(answered) -> Callable[..., AppTest]:
    def open_yours(**params: str) -> AppTest:
        page = AppTest.from_file(str(PAGE), default_timeout=60)
        page.query_params.update(params)
        page.run()
        assert not page.exception
        return page

    return open_yours


@pytest.fixture
def kept() -> str:
    """The digest of a file that the server keeps."""
    return uploads.keep(CSV, "flowers.csv").digest


@pytest.fixture
def study(kept: str) -> Study:
    return Study(made.study(UploadStudy(upload=uploads.kept(kept))))


def said(page: AppTest) -> str:
    return " ".join(one.value for kind in (page.markdown, page.caption, page.info, page.error) for one in kind)


def param(page: AppTest, name: str) -> str:
    """A value of the address."""
    value = page.query_params[name]
    return value if isinstance(value, str) else value[0]


def sent(page: AppTest) -> dict[str, Any]:
    """What the ranked list was sent, and what of it is known."""
    found: dict[str, Any] = {}
    for element in page.get("bidi_component"):
        if element.proto.component_name == "lab_review":
            found["list"] = json.loads(element.proto.bytes.partition(b"\n")[2])
        elif not element.proto.bytes:
            heading, body = json.loads(element.proto.json)
            found[heading["part"]] = body
    return found


def press(page: AppTest, *asked: dict[str, Any]) -> None:
    """What the browser reports when these were pressed."""
    numbered = [{"number": i, **one} for i, one in enumerate(asked, 1)]
    page.session_state["review-list"] = {"state": {"client": "tab", "row": 3, "asked": numbered}}
    page.run()
    assert not page.exception


def test_it_opens_with_the_ways_to_bring_a_file_and_asks_no_worker(open_yours, line) -> None:
    page = open_yours()
    assert [one.value for one in page.subheader] == ["Bring a file", "Or try one of these"]
    assert page.get("file_uploader")
    assert not line.unfinished()


def test_an_upload_is_spooled_and_leaves_the_session_and_its_digest_alone_is_in_the_address(open_yours) -> None:
    page = open_yours()
    page.file_uploader(key="file-0").set_value(("flowers.csv", CSV, "text/csv")).run()
    assert not page.exception
    upload = uploads.kept(uploads.digest_of(CSV))
    assert upload is not None
    assert param(page, "data") == upload.digest
    assert "flowers" not in str(page.query_params.values())
    assert "flowers.csv" in said(page)
    assert "120 labelled of 122 rows" in said(page)


@pytest.mark.parametrize(
    ("name", "data", "words"), [("x.exe", b"MZ", "must be one of"), ("x.csv", b"", "with something in it")]
)
def test_a_file_that_is_not_taken_is_one_sentence_and_the_uploader_stays(open_yours, name, data, words) -> None:
    page = open_yours()
    page.session_state["yours-trouble"] = ""
    with pytest.raises(ValueError, match=words) as error:
        uploads.keep(data, name)
    page.session_state["yours-trouble"] = str(error.value)
    page.run()
    assert words in page.error[0].value
    assert len(page.error) == 1
    assert page.get("file_uploader")


def test_a_file_that_the_worker_cannot_read_is_one_sentence_and_another_can_be_brought(
    open_yours, kept, line, monkeypatch
) -> None:
    monkeypatch.setattr("lab.ui.jobs.submit", line.submit)
    page = open_yours(data=kept)
    line.finish(line.find(UploadLook(upload=uploads.kept(kept)).digest), "failed", error="file must be <b>whole</b>")
    page.session_state["ended-badly"] = {UploadLook(upload=uploads.kept(kept)).digest}
    page.run()
    assert "File must be" in page.error[0].value
    page.button(key="another").click().run()
    assert not page.exception
    assert "data" not in page.query_params


@pytest.mark.parametrize(
    "params",
    [
        {"data": "0" * 32},
        {"data": "../../etc/passwd"},
        {"data": "<script>", "review": "x" * 500, "section": "nope"},
    ],
)
def test_an_address_of_nothing_says_that_it_is_gone(open_yours, params) -> None:
    page = open_yours(**params)
    assert "not here any more" in said(page)
    assert page.get("file_uploader")


@pytest.mark.parametrize("section", ["In", "Health", WRONG, "What if", "Out"])
def test_junk_in_the_address_never_raises(open_yours, kept, section) -> None:
    page = open_yours(
        data=kept,
        section=section,
        label="99",
        without="x.-1.99",
        review="?",
        row="1e9",
        page="-3",
        given="77",
        suggested="<b>",
        detector="nope",
        show="all",
        neighbours="moon",
        votes="x",
        **{"clean-by": "magic"},
    )
    assert not [one.value for one in page.error if "must be" in one.value]
    assert "flowers.csv" in said(page)


def test_another_label_column_is_in_the_address_by_its_place_and_has_decisions_of_its_own(open_yours, kept) -> None:
    page = open_yours(data=kept, section="In")
    page.selectbox(key="label-column").set_value("colour").run()
    assert not page.exception
    assert param(page, "label") == "3"
    assert "labels from “colour”" in said(page)
    page.multiselect(key="left-out").set_value(["width"]).run()
    assert param(page, "without") == "2"
    assert page.multiselect(key="left-out").value == ["width"]


def test_header_list_table_chart_and_file_count_alike(open_yours, kept, study) -> None:
    for detector, title in zip(study.names, ("every scale", "kNN agreement", "confident learning"), strict=True):
        page = open_yours(data=kept, section=WRONG, detector=title)
        called = int(study.called(detector).sum())
        assert f"**{called} of 120** labels look wrong" in said(page)
        assert len(sent(page)["list"]["rows"]) == called
        assert sent(page)["list"]["ranks"] == list(range(1, called + 1))
        table = next(one.value for one in page.dataframe if "Called wrong" in one.value.columns)
        assert table[table["Detector"].str.startswith(title)]["Called wrong"].item() == called
        assert next(one for one in detector_table(study, detector) if "(chosen)" in one["Detector"])["Both"] == called
        chart = json.loads(page.get("echarts_chart")[0].proto.spec)
        bars = {one["name"]: sum(one["data"]) for one in chart["series"]}
        assert bars == {"called wrong": called, "others": 120 - called}
        lines = list(csv.DictReader(io.StringIO(_text(issues_csv(study.run, detector)))))
        assert sum(line["is_issue"].lower() in ("true", "1") for line in lines) == called
        html = report_html("flowers.csv", study, detector, {})
        assert f"{called:,} labels look wrong" in html
        assert html.count("<tr>") >= called


def _text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode()


def test_decisions_are_counted_undone_and_found_again_by_the_address(open_yours, kept) -> None:
    page = open_yours(data=kept, section=WRONG)
    press(
        page,
        {"act": "keep", "row": 2},
        {"act": "relabel", "row": 3, "label": 2},
        {"act": "drop", "row": 4},
        {"act": "unsure", "row": 5},
        {"act": "undo"},
    )
    assert "Decided: **3** (1 kept, 1 relabelled, 1 dropped)" in said(page)
    assert sent(page)["now"]["decisions"] == [[2, "keep", -1], [3, "relabel", 2], [4, "drop", -1]]
    assert (sent(page)["now"]["heard"], sent(page)["now"]["redo"]) == (5, 1)
    page.run()  # the same state again is not heard again
    assert "Decided: **3**" in said(page)
    token = param(page, "review")
    again = open_yours(data=kept, section=WRONG, review=token)
    assert "Decided: **3** (1 kept, 1 relabelled, 1 dropped)" in said(again)
    again.button(key="undo").click().run()
    assert "Decided: **2** (1 kept, 1 relabelled)" in said(again)
    page.run()
    assert "Decided: **2**" in said(page)
    stranger = open_yours(data=kept, section=WRONG)
    assert "Nothing is decided yet" in said(stranger)


def test_a_filter_decides_for_all_it_lists_in_one_step(open_yours, kept, study) -> None:
    page = open_yours(data=kept, section=WRONG)
    page.segmented_control(key="whom").set_value("everything that is listed above").run()
    page.button(key="many-relabel").click().run()
    assert not page.exception
    assert "Decided: **9** (9 relabelled)" in said(page)
    decided = {row: label for row, kind, label in sent(page)["now"]["decisions"]}
    assert decided == {row: (row - 2 + 1) % 3 for row in range(2, 11)}
    page.button(key="undo").click().run()
    assert "Nothing is decided yet" in said(page)


def test_a_lasso_decides_for_its_points_and_leaves_those_without_a_suggestion(open_yours, kept, study) -> None:
    from lab.figures.packed_ids import ids_to_text

    page = open_yours(data=kept, section=WRONG)
    ids = [0, 1, 50]  # two called wrong and one that is not
    state = {"revision": 0, "colour": "", "hidden": [], "ids": ids_to_text(np.array(ids))}
    page.session_state[f"own-map-{study.run.request.digest}"] = {"state": state}
    page.run()
    assert "The buttons decide for 3 labels" in said(page)
    page.button(key="many-relabel").click().run()
    assert "2 decisions changed. 1 already carry that label" in said(page)
    assert {row for row, _, _ in sent(page)["now"]["decisions"]} == {2, 3}


def test_a_row_says_what_its_neighbours_carry_and_shows_their_cells(open_yours, kept) -> None:
    page = open_yours(data=kept, section=WRONG, row="4")
    assert any(one.value == "Why row 4?" for one in page.subheader)
    near = page.dataframe[0].value
    assert near["row"].tolist() == [4, *(2 + (2 + 3 * i + 1) % 120 for i in range(10))]
    assert set(near.columns) == {"row", "given label", "distance", "id", "length", "width", "colour"}
    assert "10 carry" in said(page)


def test_class_names_are_never_markup(open_yours, kept, study) -> None:
    for section in ("In", "Health", WRONG, "Out"):
        page = open_yours(data=kept, section=section)
        assert "<b>bold</b>" not in said(page).replace("\\<", "&lt;")
        assert not any("<b>bold</b>" in element.proto.body for element in page.get("html"))
    html = report_html("<img src=x>.csv", study, "auto", {3: Decision("relabel", "<b>bold</b>")})
    assert "<b>" not in html
    assert "<img" not in html
    assert "<script" not in html
    assert "default-src 'none'" in html


def test_what_comes_out_is_what_was_decided_and_without_decisions_the_very_bytes(open_yours, kept) -> None:
    page = open_yours(data=kept, section=WRONG)
    press(page, {"act": "relabel", "row": 3, "label": 0}, {"act": "drop", "row": 5}, {"act": "keep", "row": 2})
    token = param(page, "review")
    out = open_yours(data=kept, section="Out", review=token)
    counts = out.dataframe[0].value.iloc[0].to_dict()
    assert counts == {"Rows": 121, "Unchanged": 120, "Relabelled": 1, "Dropped": 1}
    request = made_request(out, kept, ((2, "keep", None), (3, "relabel", "setosa"), (5, "drop", None)))
    assert file_of(made.export(request)) == b"2,keep,\n3,relabel,setosa\n5,drop,"
    assert any(button.label == "Corrected file" for button in out.get("download_button"))
    fresh = open_yours(data=kept, section="Out")
    assert any(button.label == "The file as it came" for button in fresh.get("download_button"))


def made_request(page: AppTest, kept: str, decisions: tuple) -> Any:
    """The export that the page has asked for."""
    from lab.specs.upload_pages import UploadExport
    from lab.ui import jobs

    request = UploadExport(upload=uploads.kept(kept), decisions=decisions)
    assert jobs.find(request.digest) is not None
    return request


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ("More labels were wrong", "finds **90.0"),
        ("There were more or less noise", "Estimated now: 8.0"),
        ("I checked some labels", "nine tenths should be among the 30"),
    ],
)
def test_every_what_if_is_one_click_away(open_yours, kept, ask, words) -> None:
    page = open_yours(data=kept, section="What if", ask=ask)
    assert words in said(page)
    assert page.get("echarts_chart")


def test_the_report_knows_what_was_asked_before_a_refresh_but_not_by_others(open_yours, kept, monkeypatch) -> None:
    reported: list[list[type]] = []

    def told(study: Study, review: Review) -> list[Run]:
        runs = answers_of(study, review)
        reported.append([type(run.request) for run in runs])
        return runs

    monkeypatch.setattr("lab.ui.yours_out.answers_of", told)
    page = open_yours(data=kept, section="What if", ask="I checked some labels")
    link = {"data": kept, "review": param(page, "review")}
    open_yours(section="What if", ask="More labels were wrong", **link)
    open_yours(section="Out", **link)
    open_yours(section="Out", data=kept)  # somebody else with the same file
    assert reported == [[UploadInjection, UploadBudget], []]


def test_a_study_that_was_stopped_stays_so_through_a_refresh_until_it_is_asked_for_again(
    open_yours, kept, answered, monkeypatch
) -> None:
    submit = made.answering(answered)
    monkeypatch.setattr(
        "lab.ui.jobs.submit", lambda r, lane=None: (answered.submit if isinstance(r, UploadStudy) else submit)(r, lane)
    )
    page = open_yours(data=kept, section="Health")
    request = UploadStudy(upload=uploads.kept(kept))
    page.button(key=f"stop-{request.digest}").click().run()
    answered.finish(answered.find(request.digest), "stopped")
    for _ in range(2):
        page = open_yours(data=kept, section="Health")
        assert [warning.value for warning in page.warning] == ["Stopped."]
        assert answered.find(request.digest).status == "stopped"
    page.button(key=f"again-{request.digest}").click().run()
    assert answered.find(request.digest).status == "queued"
    assert not page.warning


def test_a_long_study_and_the_questions_about_it_wait_where_no_toy_does(open_yours, kept, line, monkeypatch) -> None:
    upload = uploads.kept(kept)
    study = UploadStudy(upload=upload)
    asked = [
        study,
        UploadInjection(study=study, noise=Symmetric(0.1)),
        UploadForecast(study=study),
        UploadBudget(study=study),
    ]
    for n, lane in ((made.N, "quick"), (60_000, "training")):
        monkeypatch.setitem(made.ANSWERS, UploadLook, lambda request, n=n: _of_rows(made.look(request), n))
        for ask in ("More labels were wrong", "There were more or less noise", "I checked some labels"):
            open_yours(data=kept, section="What if", ask=ask)
        assert {line.find(request.digest).lane for request in asked} == {lane}
        assert line.find(UploadLook(upload=upload).digest).lane == "quick"
        line.forget_where(lambda request: True)


def _of_rows(run: Run, n: int) -> Run:
    run.metrics["n"] = n
    return run


def test_training_again_waits_for_a_button_and_takes_the_decisions_along(open_yours, kept, answered) -> None:
    page = open_yours(data=kept, section=WRONG)
    press(page, {"act": "relabel", "row": 3, "label": 0})
    again = open_yours(data=kept, section="What if", ask="I trained again", review=param(page, "review"))
    assert not again.get("echarts_chart")
    assert re.search(r"judge all three\. About \d+\N{NO-BREAK SPACE}s if nothing else is computed\.", said(again))
    again.button(key="retrain").click().run()
    assert not again.exception
    assert "removed hurts" in again.error[0].value.lower()
    assert "corrected helps" in again.success[0].value.lower()
    assert "1 were decided by hand" in said(again)


def test_which_k_vote_is_in_the_address(open_yours, kept) -> None:
    page = open_yours(data=kept, section="What if", ask="There were more or less noise", votes=["3", "51"])
    assert page.multiselect(key="votes").value == [3, 51]
    drawn = {one["name"] for one in json.loads(page.get("echarts_chart")[0].proto.spec)["series"]}
    assert {name for name in drawn if name.startswith("k =")} == {"k = 3", "k = 51"}


def test_a_budget_says_what_checking_so_many_finds(open_yours, kept) -> None:
    page = open_yours(data=kept, section="What if", ask="I checked some labels")
    page.slider[0].set_value(120).run()
    assert any(
        "86\N{NO-BREAK SPACE}% to 96\N{NO-BREAK SPACE}% of the wrong labels, 9 to 10" in one.value
        for one in page.markdown
    )


def test_a_filter_narrows_and_ranks_from_the_most_suspect(study) -> None:
    order = Filter("auto").places(study, {})
    assert order.tolist() == list(range(9))
    assert Filter("auto", given=1).places(study, {}).tolist() == [1, 4, 7]
    decided = {2: Decision("keep"), 50: Decision("drop")}
    assert sorted(Filter("auto", "decided").places(study, decided).tolist()) == [0, 48]
    assert len(Filter("auto", "not decided").places(study, decided)) == 118
    assert Filter("auto", "close to others").places(study, {}).tolist()[:9] == order.tolist()
    assert len(Filter("auto", "close to others").places(study, {})) == 12
    assert set(study.found()) == {"close to others", "wrong together"}
    every = Filter("auto", "all labels").places(study, {})
    assert every[:9].tolist() == order.tolist()
    scores = study.score("auto")[every[9:]]
    assert (np.diff(scores) >= 0).all()


def test_what_a_browser_says_that_makes_no_sense_is_left_out(study) -> None:
    review, rows = Review(), np.array([4, 7])
    listed = Listed(study.classes, rows, rows, rows % 3, rows % 3, rows.astype(np.float32))
    junk: list[Any] = [
        None,
        "x",
        {"client": 3},
        {"client": "c", "asked": "keep"},
        {"client": "c", "asked": [None, {"number": -1, "act": "keep", "row": 4}]},
        {"client": "c", "asked": [{"number": 1, "act": "relabel", "row": 4, "label": 99}]},
        {"client": "c", "asked": [{"number": 2, "act": "keep", "row": 5}]},
        {"client": "c", "asked": [{"number": 3, "act": "burn", "row": 4}]},
        {"client": "c", "asked": [{"number": 4, "act": "keep", "row": True}]},
    ]
    for state in junk:
        hear(state, listed, review)
    assert review.decisions == {}
    hear({"client": "c", "asked": [{"number": 5, "act": "keep", "row": 4}]}, listed, review)
    assert review.decisions == {4: Decision("keep")}


def test_decisions_go_with_the_upload(open_yours, kept) -> None:
    page = open_yours(data=kept, section=WRONG)
    press(page, {"act": "keep", "row": 2})
    uploads.forget(kept)
    assert uploads.keep(CSV, "flowers.csv").digest == kept
    again = open_yours(data=kept, section=WRONG, review=param(page, "review"))
    assert "Nothing is decided yet" in said(again)
    forget(kept)
