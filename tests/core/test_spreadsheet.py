"""What a spreadsheet would run is shown as text."""

import pytest

from lab.core.spreadsheet import csv_text, plain_cell


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "@SUM(A1)", "+1+cmd", "-2+3", "\t=1", " =1", "\r=1", "＝1", "-a"]
)
def test_a_formula_gets_an_apostrophe(text):
    assert plain_cell(text) == plain_cell(text, numbers=True) == f"'{text}"


@pytest.mark.parametrize("text", ["", "cat", "1", "a=b", "x-y", "3.5", "'=1"])
def test_other_text_stays_as_it_is(text):
    assert plain_cell(text) == text


@pytest.mark.parametrize("text", ["-1", "+1", "-1.5", "-1,5", "-1e-3", "-12%", "-.5"])
def test_a_number_stays_one_where_that_is_asked_for(text):
    assert plain_cell(text) == f"'{text}"
    assert plain_cell(text, numbers=True) == text


def test_a_table_has_no_formula_among_its_texts_and_its_numbers_stay() -> None:
    text = csv_text(["row", "=cmd", "-1"], [[-1, "=1+1", "-0.5"], [2, 'a "b", c', "+x"]])
    assert text == 'row,\'=cmd,-1\n-1,\'=1+1,-0.5\n2,"a ""b"", c",\'+x\n'
