"""The paper's figures as one-click settings: which of them need no network, and what is shown in their place."""

from __future__ import annotations

import streamlit as st

from lab.specs import Forecast
from lab.specs.presets import DRO_FIGURES
from lab.ui.forecast_form import controls_of

WORDS = {  # what to see
    "1a": (
        "20 % wrong labels, spread over each class. The vote hardly notices: wrong labels seldom have the majority "
        "anywhere. The paper shows a network on MNIST, which stays near 100 %. Now raise “Concentration” in the side bar "
        "to 1, or look at Fig. 1b."
    ),
    "1b, 4h": (
        "As many wrong labels as in Fig. 1a, but in one place of each class. There no vote can help, and accuracy falls "
        "along 1 − γ, whatever K. Only a place of fewer than about K / 2 samples is outvoted (K = 21 near γ = 0.1). "
        "The paper finds it by k-means in a network’s features and shows a network; here it is a ball among the inputs."
    ),
    "3a": (
        "Flip noise, neighbours by pixels, as the paper has it for MNIST. Dots lie on the curves. Past γ = 0.5 the wrong "
        "label is in the majority, and a larger K only makes it surer."
    ),
    "4a": (
        "The paper’s family of curves for flip noise, for a set that can be learnt perfectly (Eqs. 14 and 16). Its black "
        "line is a network on MNIST; the dots here are real neighbours on digits, which are not perfect at γ = 0 either."
    ),
    "4d": (
        "The paper’s family of curves for uniform noise, for a set that can be learnt perfectly (Eqs. 14 and 15): at 80 % noise "
        "a large K still finds the right label. Its black line is a network on MNIST; the dots here are real neighbours on "
        "digits, where the 100 nearest are not all of the right class."
    ),
    "4g": (
        "A general corruption matrix with two wrong labels for each class, 70 to 30. The paper does not print its matrix. "
        "The curves break later than for flip noise: the wrong labels split the vote."
    ),
}
LEFT_OUT = (
    "Left out, because they need a network’s features or softmax: Figs. 3b–d and 4b, c, e, f, i (CIFAR-10, ImageNet), and "
    "the network’s own line in 1 and 4. Data here: digits, where the paper has MNIST."
)
LEVEL, REVISION = "forecast-level", "forecast-revision"  # the level to start from, and how often it was set


def figure_buttons(forecast: Forecast | None) -> None:
    """A button a figure; the one whose settings are in force is marked, and says what to see."""
    chosen = [name for name, figure in DRO_FIGURES.items() if figure.forecast == forecast]
    with st.container(horizontal=True, vertical_alignment="center", key="dro-figures"):
        st.markdown("DRO’s figures", width="content", help=LEFT_OUT)
        for name in DRO_FIGURES:
            st.button(
                f"Fig. {name}",
                key=f"figure-{name}",
                type="primary" if name in chosen else "secondary",
                on_click=_show,
                args=(name,),
            )
    if chosen:
        st.markdown(f"**Fig. {chosen[0]}.** {WORDS[chosen[0]]}")
        st.caption(LEFT_OUT)


def _show(name: str) -> None:
    st.session_state.update(controls_of(DRO_FIGURES[name].forecast))
    st.session_state[LEVEL] = DRO_FIGURES[name].level
    st.session_state[REVISION] = st.session_state.get(REVISION, 0) + 1
