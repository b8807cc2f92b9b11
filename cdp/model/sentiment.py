"""What a person feels about what, as readers see it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Tone = Literal["negative", "neutral", "positive"]


class Frozen(BaseModel):
    """A value: it does not change and knows all its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class AspectSentiment(Frozen):
    """What one text feels about one aspect."""

    polarity: float = Field(description="-1..1: the mean of the clauses that mention it")
    words: Sequence[str] = Field(default=(), description="that drove it, strongest first")


class TextSentiment(Frozen):
    """What was read out of one text."""

    model: str = Field(description="id of the model; lexicon-… or none where nothing was learnt")
    language: str | None = Field(default=None, description="ISO 639-1; none: nothing told it")
    polarity: float = Field(description="-1..1: the score that such a text is expected to go with")
    tone: Tone = Field(description="the likeliest of the three")
    confidence: float = Field(description="probability of the tone; 0: the language is not read")
    words: Sequence[str] = Field(default=(), description="that drove the polarity")
    aspects: Mapping[str, AspectSentiment] = Field(default_factory=dict)


class Opinion(Frozen):
    """One event in which a person rated or wrote something."""

    event_id: UUID
    record_uid: UUID
    channel: str
    kind: str
    occurred_at: datetime
    product: str | None = None
    category: str | None = None
    text: str | None = Field(default=None, description="as it was written, after its title")
    rating: float | None = Field(default=None, description="-1..1: as it was stated")
    sentiment: TextSentiment | None = Field(default=None, description="none: not read yet")


class ProfileSentiment(Frozen):
    """What a person feels: overall as traits, and opinion by opinion, newest first."""

    profile_id: UUID
    overall: Mapping[str, JsonValue] = Field(description="the computed traits of sentiment")
    opinions: Sequence[Opinion]


class SentimentModel(Frozen):
    """A model of one language that was learnt from the store's own rated texts."""

    model: str
    language: str
    trained_at: datetime
    texts: int = Field(description="rated texts it was learnt from")
    people: int = Field(description="who wrote them")
    figures: Mapping[str, JsonValue] = Field(description="what it is worth on texts held back")
    in_force: bool
    scored: int = Field(description="texts whose score is this model's")


class SentimentFigures(Frozen):
    """How well texts of one language are read, on those of people that were held back."""

    language: str
    by: str = Field(description="model, lexicon or majority (always the commonest tone)")
    texts: int
    accuracy: float = Field(description="share of texts with the right tone of three")
    macro_f1: float = Field(description="mean F1 of the three tones")
    rank_correlation: float | None = Field(description="Spearman's, of polarity and stated score")
    calibration_error: float | None = Field(
        default=None, description="expected difference of confidence and share of right tones"
    )


class ReadText(Frozen):
    """A text and what is read out of it."""

    text: str
    sentiment: TextSentiment
