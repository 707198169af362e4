"""Around the maps: their titles, how well each layer keeps the classes apart, the rates of the labels, and what to take home."""

from __future__ import annotations

import streamlit as st

from lab.experiments import Run
from lab.figures.layers import layer_maps, layer_maps_alt
from lab.specs import FeatureMap, MapSource, to_json
from lab.specs.feature_map import MOST_JUDGED
from lab.ui.map_points import TAP_NAMES
from lab.ui.run_words import noise_words, run_title
from lab.ui.take_home import File
from lab.ui.words import percent, sentence


def map_title(source: MapSource) -> str:
    """What a map is of, and whose labels it shows if they are another training's."""
    if source.labels_of is None:
        return TAP_NAMES[source.tap]
    return f"{TAP_NAMES[source.tap]}; labels: {noise_words(source.labels_of)}"


def rates(run: Run) -> None:
    """What the maps are of, with the wrong labels of each training: nominal, effective and realised."""
    study: FeatureMap = run.request
    told = set()
    for side in ("left", "right"):
        source, about = getattr(study, side), run.metrics[side]
        if source.judge in told:
            continue
        told.add(source.judge)
        nominal = "" if about["nominal_rate"] is None else f"nominal {percent(about['nominal_rate'], 0)}, "
        wrong = f"{nominal}effective π {percent(about['effective_rate'])}, here {percent(about['realised_rate'])}"
        test = ", ".join(
            f"{name} epoch {percent(about[f'{name}_test_accuracy'])}"
            for name in ("best", "last")
            if about[f"{name}_test_accuracy"] is not None
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                sentence(f"{run_title(source.judge)}. Wrong labels: {wrong}. Test accuracy: {test}"), width="stretch"
            )
            if about["uses_clean_labels"]:
                st.badge("uses clean labels", icon=":material/warning:", color="orange")


def layer_table(run: Run) -> None:
    """The layer study (KED Figs. 2 and 6)."""
    rows = run.metrics["layers"]
    if not rows:
        return
    st.subheader("Layer by layer", anchor=False)
    st.markdown(
        "Silhouette: how far rows of one true class lie together and away from the others, from −1 to 1. Vote: how often "
        "the 10 nearest rows name the true class. *After Figs. 2 and 6 of the paper on corrected labels (KED).*"
    )
    best = {name: max(row[name] for row in rows) for name in ("silhouette", "knn_accuracy")}
    lines = ["| Layer | After epoch | Numbers a row | Silhouette | Vote of neighbours |", "|:--|--:|--:|--:|--:|"]
    for row in rows:
        silhouette, vote = f"{row['silhouette']:.3f}", percent(row["knn_accuracy"])
        silhouette = f"**{silhouette}**" if row["silhouette"] == best["silhouette"] else silhouette
        vote = f"**{vote}**" if row["knn_accuracy"] == best["knn_accuracy"] else vote
        lines.append(f"| {TAP_NAMES[row['tap']]} | {row['epoch']} | {row['n_features']} | {silhouette} | {vote} |")
    st.markdown("\n".join(lines))
    st.caption(_judged_by(run))
    _maps_of_layers(run)


def _judged_by(run: Run) -> str:
    """Which rows the numbers are of: all that could be on the maps, or a part so large that it hardly matters."""
    n, part = run.metrics["n_all"], "test" if run.request.part == "test" else "training"
    if n <= MOST_JUDGED:
        return f"Of all {n:,} {part} rows, each against all others."
    error = max(row["silhouette_error"] for row in run.metrics["layers"])
    return (
        f"Of a random {MOST_JUDGED:,} of the {n:,} {part} rows, each against all others of them; standard error of the "
        f"silhouettes at most {error:.4f}."
    )


def _maps_of_layers(run: Run) -> None:
    """Every layer's own map, where the run has them."""
    rows, arrays = run.metrics["layers"], run.arrays
    kept = [i for i in range(len(rows)) if f"layer_{i}_places" in arrays]
    if not kept:
        return
    two = len({(row["side"], row["epoch"]) for row in rows if row["tap"] != "knet"}) > 1
    titles = [f"{TAP_NAMES[rows[i]['tap']]}{', ' + rows[i]['side'] if two else ''}" for i in kept]
    places, y = ([arrays[f"layer_{i}_{part}"] for i in kept] for part in ("places", "y"))
    st.plotly_chart(
        layer_maps(titles, places, y, run.metrics["classes"]),
        key=f"layers-{run.request.digest}",
        alt=layer_maps_alt(titles),
    )
    st.caption(
        f"{len(y[0]):,} rows by their true class, in the colours of the maps above; each layer laid out with the same settings."
    )


def map_files(run: Run) -> list[File]:
    """The request."""
    name = f"map-{run.request.digest}.json"
    return [File("Maps (JSON)", lambda: to_json(run.request, indent=1), name, "application/json")]
