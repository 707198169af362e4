"""The trainings on the page: their curves, how far they are, how they ended."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from lab.experiments import find, submit
from lab.experiments.gallery import shipped
from lab.experiments.store import store
from lab.figures.curves import MEASURES, Line, curves_alt, curves_height, curves_option, measures_of
from lab.specs.presets import TRAININGS
from lab.ui import address
from lab.ui.first_things import draw_first
from lab.ui.jobs import job_words
from lab.ui.run_view import RunView, view_run
from lab.ui.run_words import summary_line
from lab.ui.words import sentence

PARAM = "runs"  # in the address: digests, newest last
MOST = 8
SECONDS_BETWEEN_LOOKS = 0.4
SECONDS_TO_DRAW_CARDS = 0.6
STATUS: dict[str, tuple[str, Literal["blue", "gray", "green", "orange", "red"]]] = {
    "starting": ("Starting", "blue"),
    "queued": ("Waiting", "gray"),
    "running": ("Training", "blue"),
    "stopping": ("Stopped", "orange"),
    "done": ("Finished", "green"),
    "stopped": ("Stopped", "orange"),
    "failed": ("Failed", "red"),
    "interrupted": ("Interrupted", "orange"),
}


def on_board() -> list[str]:
    """Digests of the trainings on the page; those that ship with the lab where the address names none."""
    named = [digest for digest in address.read(PARAM).split(",") if digest.isalnum()]
    return named[-MOST:] or [experiment.digest for experiment in TRAININGS if shipped(experiment.digest)]


def put_on_board(digest: str) -> None:
    """Add a training to the page's address; the oldest gives way to a ninth."""
    named = [other for other in address.read(PARAM).split(",") if other and other != digest]
    address.write(PARAM, ",".join([*named, digest][-MOST:]))


def take_off_board(digest: str) -> None:
    """Leave a training out of the page; it stays in the history."""
    address.write(PARAM, ",".join(other for other in on_board() if other != digest))


def board() -> None:
    """Curves of all trainings on the page in one chart, then a card for each. Refreshed while one is on its way.

    Whoever comes back looks for how far it is: the cards are sent first, as the chart and the controls take a browser a
    second to draw.
    """
    views = _views()
    if not views:
        st.info(
            "Nothing has been trained yet. Set what you like in the side bar, and press Train.", icon=":material/info:"
        )
        return
    known = measures_of(_lines(views))
    measures = [m for m in MEASURES if m in known or any(_will_have(view, m) for view in views)] or ["test_accuracy"]
    measure = st.segmented_control(
        "Show",
        measures,
        default=measures[0],
        required=True,
        format_func=lambda name: MEASURES[name][0],
        key="measure",
        bind="query-params",
    )
    live = any(view.on_its_way for view in views)

    @st.fragment(run_every=SECONDS_BETWEEN_LOOKS if live else None)
    def panel() -> None:
        now = _views()
        if live and not any(view.on_its_way for view in now):
            st.rerun()  # without the clock: nothing is on the wire any more
        if trouble := store().trouble:
            st.error(sentence(trouble), icon=":material/error:")
        curves = st.container(key="curves-place")  # as high as the chart
        for number, view in enumerate(now):
            _card(view, number)
        draw_first("train-cards", SECONDS_TO_DRAW_CARDS if live else 0.0)  # whoever presses Train has all of it already
        with curves:
            _chart(now, measure or measures[0])

    panel()


def _will_have(view: RunView, measure: str) -> bool:
    """Whether a training on its way tells this measure once an epoch is finished."""
    return view.on_its_way and (measure != "val_accuracy" or view.request.schedule.early_stopping != "off")


def _views() -> list[RunView]:
    found = [view_run(digest) for digest in on_board()]
    return [view for view in found if view is not None]


def _lines(views: list[RunView]) -> list[Line]:
    return [Line(f"{number + 1}. {view.name}", view.points) for number, view in enumerate(views)]


def _chart(views: list[RunView], measure: str) -> None:
    lines = _lines(views)
    dark = st.context.theme.type == "dark"
    epochs = max(view.request.schedule.epochs for view in views)
    st.echarts_chart(
        curves_option(lines, measure, epochs=epochs, dark=dark),
        key="curves",
        height=curves_height(lines),
        alt=curves_alt(lines, measure),
    )
    st.caption(sentence(f"{MEASURES[measure][0]}: {MEASURES[measure][1]}"))


def _card(view: RunView, number: int) -> None:
    word, colour = STATUS[view.status]
    with st.container(border=True, key=f"run-{view.digest}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{number + 1}.** {sentence(view.name)}", width="stretch")
            if view.request.uses_clean_labels:
                st.badge("uses clean labels", icon=":material/warning:", color="orange")
            st.badge(word, color=colour)
            st.button(
                "Take off this page",
                key=f"off-{view.digest}",
                icon=":material/close:",
                type="tertiary",
                on_click=take_off_board,
                args=(view.digest,),
                help="It goes on, and stays in the history.",
            )
        if view.on_its_way and view.status != "stopping":
            _on_its_way(view)
        elif view.metrics:
            st.caption(summary_line(view.metrics))
        else:
            _ended_early(view)


def _on_its_way(view: RunView) -> None:
    if view.progress is None:
        epochs = view.request.schedule.epochs
        words = "waits in" if view.status == "queued" else "is trained by"
        st.progress(
            min(1.0, len(view.points) / epochs),
            text=f"It {words} another process of the lab: {len(view.points)} of {epochs} epochs.",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(view.progress.fraction, text=job_words(view.status, view.progress))
        st.button("Stop", key=f"stop-{view.digest}", icon=":material/stop:", on_click=_stop, args=(view.digest,))


def _stop(digest: str) -> None:
    job = find(digest)
    if job is not None:
        job.cancel()


def _ended_early(view: RunView) -> None:
    epochs = f"after {len(view.points)} of {view.request.schedule.epochs} epochs"
    words = {
        "failed": view.error or "It ended for no known reason",
        "stopping": f"Stopped {epochs}",
        "stopped": f"Stopped {epochs}",
        "interrupted": f"The server or its worker ended {epochs}",
    }[view.status]
    (st.error if view.status == "failed" else st.warning)(sentence(words))
    if view.status == "stopping":  # in half a second it can be resumed
        return
    again = "Try again" if view.status == "failed" else "Resume"
    if st.button(again, key=f"again-{view.digest}", icon=":material/play_arrow:"):
        submit(view.request)
        st.rerun()
