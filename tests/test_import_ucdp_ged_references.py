"""What rows of GED cite: taken apart where it can be, kept as it is where not, and put together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.values import Reference
from service.imports.formats.ucdp_ged_references import publications_of, references_of, texts_of


def taken_apart(*texts: str) -> tuple[Reference, ...]:
    given, publications = references_of(*texts)
    references = tuple(Reference(**each) for each in given)
    assert len(publications_of(references)) == publications
    return references


def test_an_older_row_cites_in_its_own_words():
    references = taken_apart("", "", "", "R  16/2,\nX 17/2")
    assert references == (Reference(text="R 16/2, X 17/2"),)


def test_an_article_that_says_more_than_the_lists_is_kept_as_it_is():
    article = '"SOHR ,2016-01-15,Clashes. "'
    references = taken_apart("SOHR", "2016-01-15", "Clashes.", article)
    assert references == (
        Reference(name="SOHR", title="Clashes.", published="2016-01-15"),
        Reference(text=article),
    )


@pytest.mark.parametrize(
    ("offices", "dates", "headlines"),
    [
        ("SOHR;VDC", "2016-01-15", "Clashes;More"),
        ("SOHR", "15 January 2016", "Clashes"),
        ("SOHR", "2016-13-15", "Clashes"),
        ("SOHR", "2016-01-15", "Clashes;More"),
        ("SOHR; ;VDC", "2016-01-15;2016-01-15;2016-01-15", "a;b;c"),
        ("S" * 501, "2016-01-15", "Clashes"),
        (";" * 200, ";".join(["2016-01-15"] * 201), ";" * 200),
    ],
)
def test_lists_that_do_not_go_together_are_kept_as_they_are(offices, dates, headlines):
    [reference] = taken_apart(offices, dates, headlines, "An article")
    assert reference == Reference(text=f"{offices}\n{dates}\n{headlines}\nAn article")


def test_a_text_that_is_too_long_for_one_reference_goes_on_in_the_next():
    article = "word " * 5_845
    references = taken_apart("", "", "", article)
    assert [len(reference.text) for reference in references] == [20_000, 9_224]
    assert texts_of(references) == ("", "", "", article.strip())


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters=";"), max_size=8),
            st.dates().map(str) | st.text(max_size=4),
            st.text(max_size=8),
        ),
        max_size=4,
    ),
    st.text(max_size=20) | st.none(),
)
def test_what_was_taken_apart_is_put_together_again(together, article):
    offices, dates, headlines = (";".join(each[i] for each in together) for i in range(3))
    if article is None:
        article = ";".join(f'"{o},{d},{h}"' for o, d, h in together)
    texts = tuple(
        " ".join("".join(" " if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in text).split())
        for text in (offices, dates, headlines, article)
    )
    again = texts_of(taken_apart(offices, dates, headlines, article))
    assert again[:3] == texts[:3]
    assert again[3] == texts[3] or not texts[3]
