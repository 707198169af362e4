"""The controls of “kNN or kNet?”: widgets in, a frozen Comparison out. Every widget is in the address bar."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from lab.specs import Comparison, KNet
from lab.specs.comparison import FEATURES, METRICS, WEIGHTS, knet_for
from lab.specs.methods import KAPPAS
from lab.ui.noise_form import Impossible, form_group
from lab.ui.run_view import RunView
from lab.ui.whole_number import whole_number

FEATURE_NAMES = dict(
    zip(
        FEATURES,
        ("Penultimate layer", "Raw inputs", "Early layer", "Middle layer", "Last convolution", "Logits"),
        strict=True,
    )
)
METRIC_NAMES = dict(zip(METRICS, ("distance", "angle (cosine)"), strict=True))
WEIGHT_NAMES = dict(zip(WEIGHTS, ("last epoch", "best epoch"), strict=True))
KAPPA_NAMES = dict(zip(KAPPAS, ("k / 101", "k as it is", "log k / log 101", "1 / √k"), strict=True))
WIDTH_NAMES = {"auto": "d/16, at least 16", "paper": "d/16 (paper)", "own": "a number"}
SELF_NAMES = {"exclude": "has no vote", "include": "votes for itself"}
LOSS_NAMES = {"ce": "cross-entropy", "kl": "KL divergence"}
WIDEST = 256  # of one's own widths


def comparison_form(view: RunView) -> Comparison | None:
    """Draw the controls in the side bar; None if one holds something impossible, which is then said where it stands."""
    comparison = Comparison(experiment=view.request, knet=knet_for(view.metrics["n_train"]))
    with st.sidebar:
        try:
            comparison = form_group("Neighbours", "neighbours", lambda: _neighbours(comparison))
            return form_group("kNet", "knet", lambda: replace(comparison, knet=_knet(comparison.knet)), expanded=False)
        except Impossible:
            return None


def _neighbours(comparison: Comparison) -> Comparison:
    features = st.selectbox(
        "Searched in",
        FEATURES,
        format_func=FEATURE_NAMES.__getitem__,
        key="features",
        bind="query-params",
        help="The paper searches the penultimate layer, and says that the raw inputs would do too.",
    )
    weights = st.selectbox(
        "Network after its", WEIGHTS, format_func=WEIGHT_NAMES.__getitem__, key="weights", bind="query-params"
    )
    if weights == "best":
        st.caption("The best epoch is chosen by validation or test accuracy: it uses labels nobody has in practice.")
    metric = st.selectbox(
        "Near by",
        METRICS,
        format_func=METRIC_NAMES.__getitem__,
        key="metric",
        bind="query-params",
        help="The paper takes straight-line distances between features as they are.",
    )
    z_score = st.toggle("Every feature on one scale", key="zscore", bind="query-params")
    return replace(comparison, features=features, weights=weights, metric=metric, z_score=z_score)


def _knet(knet: KNet) -> KNet:
    hidden: str | int = st.selectbox(
        "Width of the hidden layer",
        list(WIDTH_NAMES),
        format_func=WIDTH_NAMES.__getitem__,
        key="width",
        bind="query-params",
    )
    if hidden == "own":
        hidden = int(whole_number("Units", min_value=1, max_value=WIDEST, value=32, key="units"))
    kappa = st.selectbox("How k enters", KAPPAS, format_func=KAPPA_NAMES.__getitem__, key="kappa", bind="query-params")
    own = st.selectbox(
        "A training row itself", list(SELF_NAMES), format_func=SELF_NAMES.__getitem__, key="own", bind="query-params"
    )
    loss = st.selectbox("Loss", list(LOSS_NAMES), format_func=LOSS_NAMES.__getitem__, key="kloss", bind="query-params")
    return replace(knet, hidden=hidden, kappa=kappa, self_neighbour=own, loss=loss)
