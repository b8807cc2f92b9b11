"""Every benchmark, one after the other; those of matching, linking, personas and of files have commands of their own."""

from benchmarks import (
    change,
    client_import,
    clustering,
    crossings,
    derive,
    http_lookup,
    lookup,
    push,
    road,
    segments,
)

if __name__ == "__main__":
    road.main()
    change.main()
    lookup.main()
    crossings.main()
    segments.main()
    derive.main()
    clustering.main()
    push.main()
    http_lookup.main()
    client_import.main()
