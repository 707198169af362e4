"""Decisions: every step can be undone, a token finds them again, and nothing grows without bound."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.experiments.reviews import Decision, Desks, Review

KEEP, DROP, CAT = Decision("keep"), Decision("drop"), Decision("relabel", "cat")

decisions = st.one_of(
    st.none(),
    st.sampled_from([KEEP, DROP, Decision("unsure")]),
    st.sampled_from(["cat", "dog"]).map(lambda name: Decision("relabel", name)),
)
steps = st.lists(st.dictionaries(st.integers(0, 5), decisions, max_size=4), max_size=12)


@given(steps)
def test_undoing_everything_gives_back_nothing_and_redoing_everything_all_of_it(steps) -> None:
    review, seen = Review(), [{}]
    for changes in steps:
        if review.decide(changes):
            seen.append(review.decisions)
    for before in reversed(seen[:-1]):
        review.undo()
        assert review.decisions == before
    assert review.decisions == {}
    assert not review.undoable
    for after in seen[1:]:
        review.redo()
        assert review.decisions == after
    assert len(review.log) == 3 * (len(seen) - 1)


def test_a_new_step_forgets_what_was_undone_and_one_that_changes_nothing_is_none() -> None:
    review = Review()
    review.decide({1: KEEP})
    review.undo()
    assert review.decide({2: CAT}) == 1
    review.redo()
    assert review.decisions == {2: CAT}
    assert review.decide({2: CAT, 3: None}) == 0
    assert review.undoable == 1
    review.undo()
    review.undo()
    assert review.decisions == {}


def test_the_log_says_what_how_and_which_rows() -> None:
    review = Review()
    review.decide({7: CAT, 2: CAT}, how="lasso")
    review.decide({7: None, 2: DROP}, how="filter")
    review.undo()
    assert [(entry.what, entry.how, entry.n, entry.rows) for entry in review.log] == [
        ("relabel as cat", "lasso", 2, "2, 7"),
        ("take back (1), drop (1)", "filter", 2, "2, 7"),
        ("undone: take back (1), drop (1)", "filter", 2, "2, 7"),
    ]
    assert review.counts() == {"keep": 0, "relabel": 2, "drop": 0, "unsure": 0}
    review.decide(dict.fromkeys(range(1000), KEEP))
    assert review.log[-1].rows.endswith("11 and 988 more")


def test_a_message_of_the_browser_is_heard_once_however_often_and_in_whatever_order_it_comes() -> None:
    review = Review()
    assert review.hear("tab", [(2, "b"), (1, "a")]) == ["a", "b"]
    assert review.hear("tab", [(1, "a"), (2, "b"), (3, "c")]) == ["c"]
    assert review.hear("other", [(1, "x")]) == ["x"]
    assert review.hear("tab", []) == []
    assert (review.heard("tab"), review.heard("other"), review.heard("nobody")) == (3, 1, 0)


def test_a_token_finds_the_review_again_and_another_column_has_its_own() -> None:
    desks = Desks()
    token, review = desks.open(None, "d" * 32, "species")
    review.decide({1: KEEP})
    assert desks.open(token, "d" * 32, "species") == (token, review)
    same, other = desks.open(token, "d" * 32, "colour")
    assert same == token
    assert other.decisions == {}
    assert desks.open(token, "d" * 32, "species")[1].decisions == {1: KEEP}
    guessed, empty = desks.open("mine", "d" * 32, "species")
    assert guessed != "mine"
    assert empty.decisions == {}
    assert len(token) >= 16


def test_desks_are_bounded_in_number_and_time_and_go_with_the_upload() -> None:
    desks = Desks(most=3)
    tokens = [desks.open(None, f"{i:032d}", "y")[0] for i in range(5)]
    assert len(desks) == 3
    assert desks.open(tokens[0], f"{0:032d}", "y")[0] not in tokens
    desks.forget(f"{4:032d}")
    assert desks.open(tokens[4], f"{4:032d}", "y")[0] not in tokens
    brief = Desks(seconds=-1)
    token, _ = brief.open(None, "d" * 32, "y")
    assert brief.open(token, "d" * 32, "y")[0] != token


@pytest.mark.parametrize(("kind", "label"), [("relabel", None), ("keep", "cat"), ("burn", None)])
def test_a_decision_that_makes_no_sense_is_refused(kind, label) -> None:
    with pytest.raises(ValueError, match="must be"):
        Decision(kind, label)


def test_two_tabs_at_once_lose_nothing() -> None:
    review = Review()

    def tab(first: int) -> None:
        for row in range(first, first + 200):
            review.decide({row: KEEP})

    tabs = [threading.Thread(target=tab, args=(1000 * i,)) for i in range(4)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join()
    assert len(review.decisions) == 800
    assert review.undoable == 800
