"""The demo: `python -m pipelines.demo`, which `make demo` calls."""
