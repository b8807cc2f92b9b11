"""Which language a text is in."""

import polars as pl
import pytest

from cdp.derive.sentiment.language import languages_of
from cdp.derive.sentiment.tokens import tokens_of


def told(*texts: str | None, usual: str | None = None) -> list[str | None]:
    said = pl.Series(texts, dtype=pl.String)
    return languages_of(
        said, tokens_of(said), pl.Series([usual] * len(texts), dtype=pl.String)
    ).to_list()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The dress is lovely but it was too small for me"),
        ("pt", "O produto chegou antes do prazo, muito bom"),
        ("es", "La talla es muy pequeña pero la calidad es buena"),
        ("de", "Das Kleid ist leider zu eng und die Farbe gefällt mir nicht"),
        ("fr", "Très bonne qualité, je suis contente de mon achat"),
        ("pl", "Bardzo dobra jakość, polecam wszystkim"),
        ("ru", "Очень хорошее платье, спасибо"),
        ("ja", "この商品はとても良いです"),
    ],
)
def test_a_sentence_tells_its_language(language: str, text: str):
    assert told(text) == [language]


def test_a_text_too_short_to_tell_is_in_the_language_of_its_source():
    assert told("ok", "top!!!", None, "2/10", usual="pt") == ["pt", "pt", "pt", "pt"]


def test_without_a_usual_language_a_lexicon_knows_single_words_or_nobody_does():
    assert told("Excelente", "ok", "...", None) == ["pt", None, None, None]


def test_a_plain_sentence_is_not_overruled_by_its_source():
    assert told("The dress is lovely and I love the colour", usual="pt") == ["en"]
