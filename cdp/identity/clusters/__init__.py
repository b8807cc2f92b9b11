"""Which records are one person: a pure function of records, identifiers, links and policy."""
