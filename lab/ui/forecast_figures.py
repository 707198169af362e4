"""The paper's figures as one-click settings, and what is shown in their place."""

from __future__ import annotations

import streamlit as st

from lab.specs import Forecast
from lab.specs.presets import DRO_FIGURES, NO_DATA
from lab.ui.controls import set_controls
from lab.ui.forecast_form import controls_of, option_names

ALONE = "No data, L = 1,000"
WORDS = {  # what to see
    "1a": (
        "20 % wrong labels, spread over each class. A vote of eleven hardly notices: wrong labels seldom have the majority "
        "anywhere. The paper shows a network on MNIST, which stays near 100 %. Now raise “Concentration” in the side bar "
        "to 1, or look at Fig. 1b."
    ),
    "1b, 4h": (
        "As many wrong labels as in Fig. 1a, but in one place of each class. There no vote can help: networks fall along 1 − γ, and "
        "neighbours near it. A place of fewer than about K / 2 samples is outvoted, so a large K lies above the line at first "
        "(K = 21 near γ = 0.1); later it lies below, because a large place outvotes the samples beside it too. The paper finds the "
        "place by k-means in a network’s features and shows a network; here it is a ball among the inputs."
    ),
    "3a": (
        "Flip noise, neighbours by pixels, as the paper has it for MNIST. Dots lie on the curves. Past γ = 0.5 the wrong "
        "label is in the majority, and a larger K only makes it surer."
    ),
    "3b": (
        "Flip noise, neighbours in the penultimate features of a network that was trained on clean labels, as the paper has it for "
        "CIFAR-10. Neighbours are better there than by pixels, and the curves fit as well."
    ),
    "3c, d": (
        "Uniform noise in the same features; the paper has CIFAR-10 and ImageNet. At 80 % a vote of 50 still answers most samples "
        "rightly."
    ),
    "4a": (
        "The paper’s family of curves for flip noise, for a set that can be learnt perfectly (Eqs. 14 and 16). Diamonds "
        "are networks, dots real neighbours, both on digits, which are not perfect at γ = 0 either."
    ),
    "4b, c": (
        "Flip noise, with the softmax of a network on clean labels for the clean labels around a sample, as the paper has it for "
        "networks on CIFAR-10 and ImageNet. Diamonds are networks trained on noisy labels: below γ = 0.5 those stopped early follow a K of about 5 "
        "to 20, those trained to the end one of 1 to 5."
    ),
    "4d": (
        "The paper’s family of curves for uniform noise, for a set that can be learnt perfectly (Eqs. 14 and 15): at 80 % noise "
        "a large K still finds the right label. Diamonds are networks, dots real neighbours, both on digits, where the 100 nearest "
        "are not all of the right class."
    ),
    "4e, f": (
        "Uniform noise, the same. Networks stopped early still answer 84 % rightly at 60 % noise; near 90 % all curves fall."
    ),
    "4g": (
        "A general corruption matrix with two wrong labels for each class, 70 to 30. The paper does not print its matrix. "
        "The curves break later than for flip noise: the wrong labels split the vote."
    ),
    "4i": (
        "Noise in one place of each class, found in a network’s features as the paper has it; the place is a ball here, for the "
        "networks a cluster of k-means among the inputs. Networks fall along 1 − γ. So does one neighbour; a large K lies above "
        "it where the place is small and outvoted, and below it where it is large and outvotes what lies beside it."
    ),
    ALONE: (
        "Theorem 1 alone, with as many classes as ImageNet has (Eqs. 14 and 15). Two wrong labels are hardly ever the same, so two "
        "right ones are enough: at 80 % noise a vote of 20 is right in nine cases of ten, with ten classes in seven (Fig. 4d). A vote "
        "of three is worse than one neighbour, because a tie is an error. Change L, and how many neighbours are of the right "
        "class, in the side bar."
    ),
}
LEFT_OUT = (
    "Data here: digits, where the paper has MNIST, CIFAR-10 and ImageNet; so its Figs. 3c and 3d, 4b and 4c, 4e and 4f are one "
    "each. The black lines of the paper, networks, are the diamonds over the curves, where there are any."
)
LEVEL, REVISION = "forecast-level", "forecast-revision"  # the level to start from, and how often it was set


PRESETS = {**DRO_FIGURES, ALONE: NO_DATA}


def figure_buttons(forecast: Forecast | None) -> None:
    """A button a figure, and one for theory without data; the one whose settings are in force is marked, and says what to see."""
    chosen = [name for name, figure in PRESETS.items() if figure.forecast == forecast]
    with st.container(horizontal=True, vertical_alignment="center", key="dro-figures"):
        st.markdown("DRO’s figures", width="content", help=LEFT_OUT)
        for name in PRESETS:
            st.button(
                _label(name),
                key=f"figure-{name}",
                type="primary" if name in chosen else "secondary",
                on_click=_show,
                args=(name,),
            )
    if chosen:
        st.markdown(f"**{_label(chosen[0])}.** {WORDS[chosen[0]]}")
        if chosen[0] != ALONE:
            st.caption(LEFT_OUT)


def _label(name: str) -> str:
    return name if name == ALONE else f"Fig. {name}"


def _show(name: str) -> None:
    forecast = PRESETS[name].forecast
    set_controls(controls_of(forecast), option_names(forecast))
    st.session_state[LEVEL] = PRESETS[name].level
    st.session_state[REVISION] = st.session_state.get(REVISION, 0) + 1
