"""The configuration of a file, written by hand or proposed, and what is refused."""

from datetime import UTC, datetime

import polars as pl
import pytest
import yaml

from cdp.errors import InvalidRequest
from cdp.identity.matching.config import FileConfig, load_config, proposed
from cdp.identity.matching.files import resolve_file
from cdp.identity.matching.roles import guessed_together
from cdp.identity.policy.declaration import identity_policy

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def loaded(folder, text):
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def test_a_column_needs_its_role_only_and_an_identifier_its_namespace(tmp_path):
    config = loaded(
        tmp_path, "record_key: id\ncolumns: {first: given_name, card: identifier loyalty_card}\n"
    )

    assert config.columns["first"].role == "given_name"
    assert config.columns["card"].namespace == "loyalty_card"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("columns: {first: givn_name}", "columns.first.role"),
        ("columns: {first: given_name}\nlabels: cluster", "labels"),
        ("record_key: id", "columns"),
        ("columns: [", "YAML"),
    ],
)
def test_a_wrong_configuration_is_refused_with_the_key(tmp_path, text, named):
    with pytest.raises(InvalidRequest, match=named):
        loaded(tmp_path, text)


def test_a_proposal_reads_the_names_of_the_columns_and_never_takes_the_truth(tmp_path):
    frame = pl.DataFrame(
        {
            "rec_id": [1, 2], "channel": ["a", "b"], "first_name": ["x", "y"],
            "lastName": ["x", "y"], "dob": ["x", "y"], "e-mail": ["x", "y"],
            "address_1": ["x", "y"], "zip": ["x", "y"], "cluster": [1, 1],
        }
    )  # fmt: skip

    text = proposed(frame)

    assert yaml.safe_load(text) == {
        "record_key": "rec_id",
        "source": "channel",
        "columns": {
            "first_name": "given_name",
            "lastName": "family_name",
            "dob": "birth_date",
            "e-mail": "email",
            "address_1": "street",
            "zip": "postcode",
        },
    }
    assert loaded(tmp_path, text).record_key == "rec_id"


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        (
            ("PERNAME1", "PERNAME2", "DOB_DAY", "DOB_MON", "DOB_YEAR", "SEX", "ENUMPC"),
            ("given_name", "family_name", "birth_day", "birth_month", "birth_year", "gender", "postcode"),
        ),
        (
            ("Vorname", "Name", "Geburtsdatum", "Straße", "Hausnummer", "PLZ", "Ort", "Telefon"),
            ("given_name", "family_name", "birth_date", "street", "house_number", "postcode", "city", "phone"),
        ),
        (
            ("prénom", "nom", "date_de_naissance", "adresse", "code_postal", "ville", "courriel"),
            ("given_name", "family_name", "birth_date", "street", "postcode", "city", "email"),
        ),
        (
            ("nombre", "apellidos", "fecha_nacimiento", "calle", "ciudad", "DNI"),
            ("given_name", "family_name", "birth_date", "street", "city", "code"),
        ),
        (("name", "birth_day", "birth_month", "yob"), ("full_name", "birth_day", "birth_month", "birth_year")),
        (("ethnicity", "ip_address", "household_id"), ("category", "ignore", None)),
    ],
)  # fmt: skip
def test_the_columns_of_other_kinds_and_languages_are_read_by_their_names(columns, roles):
    assert tuple(guessed_together(columns).values()) == roles


def test_a_column_that_the_file_lacks_is_named():
    config = FileConfig.model_validate({"columns": {"first": "given_name"}})

    with pytest.raises(InvalidRequest, match="'first'"):
        resolve_file(pl.DataFrame({"name": ["ann"]}), config, identity_policy(), NOW)


def test_a_record_key_that_repeats_is_refused():
    frame = pl.DataFrame({"id": [1, 1], "first": ["ann", "bob"]})
    config = FileConfig.model_validate({"record_key": "id", "columns": {"first": "given_name"}})

    with pytest.raises(InvalidRequest, match="several rows"):
        resolve_file(frame, config, identity_policy(), NOW)


def test_a_configuration_without_any_role_says_so(tmp_path):
    with pytest.raises(InvalidRequest, match="no column has a role"):
        loaded(tmp_path, proposed(pl.DataFrame({"colA": ["x"], "colB": ["y"]})))


def test_where_nothing_but_an_address_is_known_it_makes_one_person():
    frame = pl.DataFrame({"mail": [f"p{n // 2}@example{n // 2}.com" for n in range(60)]})
    config = FileConfig.model_validate({"columns": {"mail": "email"}})

    assert (
        resolve_file(frame, config, identity_policy(), NOW).clusters["cluster_id"].n_unique() == 30
    )


def test_a_column_may_have_any_name():
    said = [f"{n // 2}" for n in range(20)]
    frame = pl.DataFrame({"Member's no.": said, "member s no ": said, "Место рождения": said})
    roles = dict.fromkeys(frame.columns, "code") | {"Место рождения": "category"}

    config = FileConfig.model_validate({"columns": roles})
    found = resolve_file(frame, config, identity_policy(), NOW)

    assert found.clusters["cluster_id"].n_unique() == 10


@pytest.mark.parametrize("records", [0, 1, 2])
def test_records_with_nothing_in_common_stay_alone(records):
    frame = pl.DataFrame({"mail": ["ann@example.com", "bob@example.org"]}).head(records)
    config = FileConfig.model_validate({"columns": {"mail": "email"}})

    found = resolve_file(frame, config, identity_policy(), NOW).clusters

    assert found.rows() == [(n, n, 1.0) for n in range(records)]
