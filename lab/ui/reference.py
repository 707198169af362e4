"""The reference page's tables."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lab.specs import NOISE_MODELS

WORDS = {
    "clean label": "The true class of a sample.",
    "given label": "The label that comes with the data; possibly wrong.",
    "nominal rate": "What a paper calls its noise rate. Papers mean different things by “40\N{NO-BREAK SPACE}%”.",
    "effective rate π": "The expected share of labels that really differ from the clean ones: the only rate that compares.",
    "transition matrix T": "T[i, j] is the probability that class i is given as class j. Rows sum to 1.",
    "kNN": "The k nearest training points vote; the most frequent label wins, of tied labels the one found nearest.",
    "kNet": "A network with one small hidden layer that takes a point’s features and k, and answers with the label histogram that its k nearest neighbours would give.",
    "fixed kNet": "The same network, trained for one k alone.",
    "penultimate features": "What the last layer of a network sees. Neighbours are searched there, by straight-line distance.",
    "Bayes rule": "The best possible classifier; known on the toy, because its densities are.",
    "plurality label": "The most frequent label in a neighbourhood.",
    "detector": "A rule that gives every given label a score, low where it looks wrong, without knowing a true label.",
    "called wrong": "A label whose score lies below the detector’s own limit; “looks wrong” says the same.",
    "suggested label": "The label that a detector would give a row in place of the given one.",
    "held out": "Judged by a model that did not see the row’s label while it learnt.",
    "alarm": "A warning that wrong labels sit together, where neighbours confirm each other and most detectors see nothing.",
}

SOURCES = {
    "KNET": "kNet: A Deep kNN Network To Handle Label Noise (arXiv 2107.09735)",
    "KED": "KNN-enhanced Deep Learning Against Noisy Labels (arXiv 2012.04224)",
    "DRO": "The Resistance to Label Noise in K-NN and DNN Depends on its Concentration (BMVC; arXiv version with appendices)",
    "INN": "INN: A Method Identifying Clean-annotated Samples via Consistency Effect (arXiv 2106.15185)",
}


def words() -> None:
    """The glossary."""
    st.header("Words")
    st.table(pd.DataFrame({"Word": list(WORDS), "Meaning": list(WORDS.values())}).set_index("Word"))


def noise_models() -> None:
    """Every noise model with what it does and its source."""
    st.header("Kinds of noise")
    rows = [{"Noise": model.__name__, "What it does": model.about, "Source": model.source} for model in NOISE_MODELS]
    st.table(pd.DataFrame(rows).set_index("Noise"))


def sources() -> None:
    """The papers."""
    st.header("Papers")
    st.table(pd.DataFrame({"Short": list(SOURCES), "Paper": list(SOURCES.values())}).set_index("Short"))
