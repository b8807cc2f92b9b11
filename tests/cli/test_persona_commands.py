"""Personas on the command line: what discovery says where there are no kinds, and cards as files."""

import yaml


def test_few_people_are_said_to_be_too_few_and_every_card_has_a_file_of_its_own(cdp, tmp_path):
    cdp("ingest", "club")
    found = cdp("persona", "discover")
    assert found.code == 0, found.err
    assert "people are too few to find kinds among; 200 are enough" in found.err
    names = ["中" * 120, "Everybody!"]
    stated = [
        {"name": name, "share": 0.1, "signals": {"category": {"shoes": 0.5}}} for name in names
    ]
    (tmp_path / "personas.yaml").write_text(yaml.safe_dump(stated))
    assert cdp("persona", "define", str(tmp_path / "personas.yaml")).code == 0
    written = cdp("persona", "export", str(tmp_path / "cards"), "--format", "markdown")
    assert written.code == 0, written.err
    texts = {path.read_text().splitlines()[0] for path in (tmp_path / "cards").iterdir()}
    assert texts == {f"# {name}" for name in [*names, "Everybody"]}
