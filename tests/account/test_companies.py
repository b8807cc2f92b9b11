"""Companies on the road of people: one by domain, number or name and place; two where in doubt."""

from cdp.identities import Identities
from cdp.identity.link import link_records
from cdp.profile.fold import fold_stale_profiles
from tests.account.firms import Firms


def test_name_and_place_join_what_has_no_identifier_in_common(firms: Firms):
    firms.firm("1", name="Acme Tools International GmbH", city="München")
    firms.firm("2", name="ACME TOOLS INTL.", city="Munich 80331", domain="acme-tools.example")
    one, other = (firms.profiles.of_record("firms", key) for key in "12")
    assert one.profile_id == other.profile_id
    assert one.identifiers["company_name_place"] == ["acme tools international|munich"]


def test_a_wrong_merge_is_undone_by_one_call_and_never_made_again(firms: Firms):
    firms.firm("1", name="Acme Tools GmbH", city="Berlin")
    firms.firm("2", name="Acme Tools AG", city="Berlin", domain="other.example")
    identities = Identities(database=firms.database)
    merged = firms.profiles.of_record("firms", "1")
    (merge,) = [each for each in identities.log(merged.profile_id) if each.action == "merge"]
    assert merge.namespace == "company_name_place"
    identities.undo(merge.entry_id, by="ann", reason="a holding and its daughter")
    fold_stale_profiles(firms.database)
    firms.firm("2", name="Acme Tools Aktiengesellschaft", city="Berlin", domain="other.example")
    one, other = (firms.profiles.of_record("firms", key) for key in "12")
    assert one.profile_id != other.profile_id


def test_two_register_numbers_at_one_domain_are_two_companies_of_one_group(firms: Firms):
    firms.firm("1", name="Acme Holding", number="R-1", domain="acme.example")
    firms.firm("2", name="Acme Services", number="R-2", domain="acme.example")
    one, other = (firms.profiles.of_record("firms", key).profile_id for key in "12")
    assert one != other
    (relation,) = firms.accounts.relations(one)
    assert (relation.kind, relation.account_id, relation.why) == (
        "proposed",
        other,
        "the same domain",
    )


def test_a_misspelt_name_at_a_rare_place_joins_and_a_doubtful_one_waits_for_review(firms: Firms):
    firms.firm("1", name="Vinexport Holding SAS", city="Pauillac", founded="1961")
    firms.firm("2", name="Vinexprot Holdings", city="Pauillac", founded="1961")
    firms.firm("3", name="Nordlicht Optik", city="Husum")
    firms.firm("4", name="Nordlicht", city="Husum", founded="1999")
    report = link_records(firms.database, full=True)
    assert report.companies == 4
    fold_stale_profiles(firms.database)
    assert firms.profiles.of_record("firms", "1") == firms.profiles.of_record("firms", "2")
    waiting = Identities(database=firms.database).review()
    keys = {(pair.left.record_key, pair.right.record_key) for pair in waiting}
    assert ("firms:3", "firms:4") in keys
