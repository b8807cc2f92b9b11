"""Stewards decide over HTTP, and their decisions take effect at once."""

from cdp.client import Client
from tests.served import a_row


def test_two_are_linked_kept_apart_and_let_go(shop):
    shop.world.feed([[a_row("crm", "50", 1, email="p@example.com", given="Pat"),
                      a_row("club", "51", 1, card="c-900", given="Pat")]])  # fmt: skip
    with Client(shop.url, shop.key("read", "steward")) as store:
        a, b = store.get("email:p@example.com"), store.get("loyalty_card:c-900")
        linked = store.link("email:p@example.com", "loyalty_card:c-900", reason="she told us")
        assert store.get(b.profile_id).profile_id == a.profile_id
        assert linked.decision.decided_by.startswith("key ")
        assert [each.decision_id for each in store.decisions(a.profile_id)] == [
            linked.decision.decision_id
        ]
        (step,) = store.explain_identity(a.profile_id).tree
        assert (step.left.record_key, step.decision.reason) == ("club:51", "she told us")
        store.revoke(linked.decision.decision_id, reason="a mistake")
        assert store.get(b.profile_id) == b
        apart = store.cannot_link(a.profile_id, b.profile_id, reason="two people")
        assert apart.decision.kind == "cannot_link"
        (obstacle,) = store.why_not("crm:50", "loyalty_card:c-900").obstacles
        assert "two people" in obstacle.words
        assert "merge" in {entry.action for entry in store.log(a.profile_id)}


def test_a_merge_is_undone_by_its_two_ids(shop):
    shop.world.feed([[a_row("crm", "60", 1, email="q@example.com"),
                      a_row("crm", "61", 1, phone="+12125550777")]])  # fmt: skip
    with Client(shop.url, shop.key("read", "steward")) as store:
        a, b = store.get("email:q@example.com"), store.get("phone:+12125550777")
        shop.world.feed([[a_row("shop", "62", 2, email="q@example.com", phone="+12125550777")]])
        assert store.get(b.profile_id).profile_id == a.profile_id
        store.undo((a.profile_id, b.profile_id), reason="two people")
        assert store.get(b.profile_id).profile_id == b.profile_id
        record = store.records(a.profile_id)[-1].record_uid
        store.detach(record, reason="not hers")
        assert store.get(record).profile_id != a.profile_id
