"""Feature map: what do neighbours look like to a network, and whom does it get wrong?"""

import streamlit as st

from lab.specs import FeatureMap
from lab.ui.boot import enter_through_app
from lab.ui.jobs import finished_run, latest_run, under_way
from lab.ui.map_form import map_form
from lab.ui.map_study import layer_table, map_files, rates
from lab.ui.map_view import forming, show_maps
from lab.ui.take_home import take_home

enter_through_app()
st.title("Feature map", anchor=False)
st.markdown(
    "Who is near whom, to a network? Each point is one row, laid out by t-SNE so that near features stay near. Lasso "
    "some points on either map: everything else on the page follows. *After KNET Fig. 4, KED Fig. 2 and DRO Fig. 1.*"
)
study = map_form()
run = finished_run(study, on_its_way=forming) if study else None
shown = run or (None if study and under_way(study) else latest_run(FeatureMap))
if shown is not None:
    rates(shown)
    show_maps(shown)
    layer_table(shown)
    take_home(
        lambda: shown, map_files, "The picture: “Save picture” above the maps. Points: “These points” of a selection."
    )
