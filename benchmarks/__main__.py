"""Every benchmark, one after the other; the long ones of matching and linking have commands of their own."""

from benchmarks import change, client_import, clustering, crossings, http_lookup, lookup, push, road

if __name__ == "__main__":
    road.main()
    change.main()
    lookup.main()
    crossings.main()
    clustering.main()
    push.main()
    http_lookup.main()
    client_import.main()
