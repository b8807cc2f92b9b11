"""Texts whose writers' mood is known, put together by a fixed seed."""

from random import Random

import polars as pl

PHRASES = {
    "en": {
        -1.0: ("It fell apart after a week.", "Far too expensive for what it is.", "I want my money back.",
               "The seams came undone.", "Do not buy this.", "The zip broke at once.", "Much too tight."),
        0.0: ("It is all right.", "The fit is okay.", "It does what it says.", "Nothing special.",
              "The colour differs a bit.", "We will see how it lasts."),
        1.0: ("I love it.", "It fits perfectly.", "Great value for the money.", "The fabric is so soft.",
              "Will buy again.", "Exactly what I wanted.", "The delivery was fast."),
    },
    "pt": {
        -1.0: ("O produto não foi entregue.", "Chegou quebrado.", "Péssimo atendimento.", "Não recomendo.",
               "Quero meu dinheiro de volta.", "Muito caro para a qualidade."),
        0.0: ("É mais ou menos.", "O prazo foi cumprido.", "A cor é um pouco diferente.", "Nada de mais."),
        1.0: ("Adorei o produto.", "Chegou antes do prazo.", "Ótima qualidade.", "Recomendo a todos.",
              "Excelente, tudo perfeito."),
    },
}  # fmt: skip


def rated_texts(language: str, count: int, *, people: int = 100) -> pl.DataFrame:
    """text, score, kind and person: `count` texts of two or three phrases in one mood."""
    chance = Random(7)  # noqa: S311  a test's own
    moods = PHRASES[language]
    rows = []
    for number in range(count):
        score = chance.choice((-1.0, -1.0, 0.0, 1.0, 1.0, 1.0))
        said = " ".join(chance.sample(moods[score], chance.choice((2, 3))))
        rows.append(
            {"text": said, "score": score, "kind": "review", "person": f"p{number % people}"}
        )
    return pl.DataFrame(rows)
