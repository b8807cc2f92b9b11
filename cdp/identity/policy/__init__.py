"""What identifiers may prove: the policy as data, its versions, and what another would change."""
