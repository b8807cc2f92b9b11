"""Over HTTP: events come in by the wire of the Segment spec, profiles go out by REST."""
