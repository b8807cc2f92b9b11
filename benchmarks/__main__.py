"""Every benchmark, one after the other."""

from benchmarks import change, lookup, road

if __name__ == "__main__":
    road.main()
    change.main()
    lookup.main()
