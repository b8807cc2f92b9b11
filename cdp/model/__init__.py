"""The words of the store: frozen models without I/O."""
