"""kNN or kNet?: a finished training's network beside its neighbours, and beside the small network that imitates them."""

import streamlit as st

from lab.ui.boot import enter_through_app
from lab.ui.compare_form import comparison_form
from lab.ui.compare_view import meanwhile, show_comparison
from lab.ui.jobs import finished_run
from lab.ui.run_picker import choose_run

enter_through_app()
st.title("kNN or kNet?", anchor=False)
st.markdown(
    "Neighbours can mend a network that learned wrong labels, but must keep every training row. kNet keeps a few "
    "thousand numbers instead. Drag k. *After Tables 2–5 and Fig. 3 of the paper on kNet (KNET).*"
)
view = choose_run()
if view is None:
    st.info("No training has finished yet.", icon=":material/info:")
else:
    comparison = comparison_form(view)
    run = finished_run(comparison, patience=0.4) if comparison else None
    shown = run or meanwhile(comparison)
    if shown is not None:
        show_comparison(shown)
