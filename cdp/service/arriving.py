"""What visitors do by requests that are still being landed: a page need not wait for that."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from cdp.channel.push.said import Said
from cdp.service.ingest_landing import Pushed


class Arriving:
    """The messages between request and landing of this process, by the identifiers they carry.

    Of one event loop.
    """

    def __init__(self) -> None:
        self._messages: dict[tuple[str, str], dict[int, Said]] = defaultdict(dict)

    @contextmanager
    def known(self, pushed: Sequence[Pushed]) -> Iterator[None]:
        """For as long as messages are being landed."""
        for name, said in _named(pushed):
            self._messages[name][id(said)] = said
        try:
            yield
        finally:
            for name, said in _named(pushed):
                self._messages[name].pop(id(said), None)
                if not self._messages[name]:
                    del self._messages[name]

    def events_of(self, namespace: str, value: str) -> str:
        """The events of who carries an identifier, as `cdp.store.persona.situations` takes them: JSON."""
        messages = self._messages.get((namespace, value), {}).values()
        return f"[{','.join(_event(event) for said in messages for event in said.events)}]"

    def has_refused(self, namespace: str, value: str, purpose: str) -> bool:
        """Whether one of the messages says no to a purpose."""
        messages = self._messages.get((namespace, value), {}).values()
        choices = {choice for said in messages for choice in said.consents}
        return any(about == purpose and state != "granted" for about, _, state in choices)


def _named(pushed: Iterable[Pushed]) -> Iterator[tuple[tuple[str, str], Said]]:
    for each in pushed:
        if each.said.events or each.said.consents:
            for _, namespace, value in each.said.identifiers:
                yield (namespace, value), each.said


def _event(event: Sequence[object]) -> str:
    """A row of the canonical frame as JSON; its id is the one it lands with."""
    _, key, kind, at, _, product, category, *_, properties = event
    told = {
        "event_id": hashlib.md5(str(key).encode()).hexdigest(),  # noqa: S324  an id, not a secret
        "occurred_at": str(at),
        "kind": kind,
        "product": product,
        "category": category,
    }
    return f'{json.dumps(told)[:-1]},"properties":{properties}}}'
