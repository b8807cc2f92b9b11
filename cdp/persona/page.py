"""What to show a visitor: categories by own taste, this session and the persona together."""

from cdp.persona.situation import Floats, SituationModel

# Set by judgement before the measure in docs/personas.md, not fitted to it.
GENERAL = 30.0  # lines of everybody's taste that a person begins with
SESSION = 5.0  # lines before that one of this session is worth
PERSONA = 0.7  # power of how much more frequent a value is in the persona than in general


def ranked(
    model: SituationModel, kind: str, posterior: Floats, own: Floats, seen: Floats
) -> Floats:
    """(sessions, values): the chance of each value of `kind` to be wanted next.

    `own` and `seen` (sessions, values): how often the person bought or looked at it before, and in
    this session; the values are those of the model.
    """
    told = model.kinds[kind]
    taste = own + SESSION * seen + GENERAL * told.base
    fits = ((posterior @ told.shares) / told.base) ** PERSONA
    chances = taste * fits
    return chances / chances.sum(axis=1, keepdims=True)
