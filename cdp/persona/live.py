"""One session at once: what `signals`, `follow` and `reasons` say of many, without their overhead.

A page waits for this; a frame of one session costs ten times as much. A property test holds the two
to the same answers.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from cdp.persona.reasons import HISTORY, LEAST_EVIDENCE, MOST_REASONS
from cdp.persona.signals import DAYPARTS, HOST, KINDS, PLAIN, SATURDAY, ZONES
from cdp.persona.situation import LEAST, Floats, SituationModel

Event = Mapping[str, Any]

_HOST = re.compile(HOST)
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|-){2,}")  # as signals.WORD


def said(event: Event) -> Iterator[tuple[str, str]]:
    """Kind and value of each signal of an event (the columns of EVENTS)."""
    for kind in PLAIN:
        if event[kind] and (value := event[kind].strip().lower()):
            yield kind, value
    if event["product"]:
        yield "product", event["product"]
    if event["referrer"] and (host := _HOST.search(event["referrer"].lower())):
        yield "referrer", host[1]
    if event["search"]:
        for word in _WORD.findall(event["search"].lower()):
            yield "search", word
    zone, at = event["timezone"], event["at"]
    local = at.astimezone(ZoneInfo(zone)) if zone in ZONES else at
    yield "daypart", DAYPARTS[local.hour]
    yield "weekday", "weekend" if local.isoweekday() >= SATURDAY else "working day"


def worth(kind: str, times: int) -> float:
    """What a value is worth that was said so often: 1 + 1/2 + … where repeating adds to it."""
    return sum(1 / n for n in range(1, times + 1)) if KINDS[kind].repeats else 1.0


def told(
    model: SituationModel, session: Sequence[Event], prior: Floats
) -> tuple[Floats, list[dict[str, Any]]]:
    """P(persona | session) and the reasons for the likeliest; `prior` (personas,)."""
    counts = Counter(
        code
        for event in session
        for pair in said(event)
        if (code := model.codes.get(pair)) is not None
    )
    heard = [(code, times, worth(model.known[code][0], times)) for code, times in counts.items()]
    logs = np.log(np.maximum(prior, LEAST))
    for code, _, weight in heard:
        logs = logs + model.evidence[code] * weight
    likely = np.exp(logs - logs.max())
    posterior = likely / likely.sum()
    return posterior, _reasons(model, heard, prior, int(posterior.argmax()))


def _reasons(
    model: SituationModel, heard: Sequence[tuple[int, int, float]], prior: Floats, persona: int
) -> list[dict[str, Any]]:
    found = [
        (float(model.evidence[code, persona]) * weight, *model.known[code], times, weight)
        for code, times, weight in heard
    ]
    general = model.prior(None)[0, persona]
    expected = log(max(prior[persona], LEAST) / max(general, LEAST))
    found.append((expected, HISTORY, "", 1, 1.0))
    strong = [each for each in found if each[0] >= LEAST_EVIDENCE]
    strong.sort(key=lambda each: (-each[0], each[1], each[2]))
    return [_reason(*each) for each in strong[:MOST_REASONS]]


def _reason(evidence: float, kind: str, value: str, times: int, weight: float) -> dict[str, Any]:
    reason = {"kind": kind, "value": value, "times": times, "evidence": round(evidence, 4)}
    if kind == HISTORY:
        ratio = round(exp(evidence), 1)
        return reason | {"words": f"the person's history: {ratio} times as likely as for anybody"}
    ratio = round(exp(evidence / weight / KINDS[kind].weight), 1)
    often = f" {times} times" if times > 1 and KINDS[kind].repeats else ""
    words = f"{KINDS[kind].reason.format(value=value)}{often}"
    return reason | {"words": f"{words}: {ratio} times as frequent in this persona as in general"}
