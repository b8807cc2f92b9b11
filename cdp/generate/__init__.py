"""A seeded generator of channels' files about invented people, with the truth about who is who."""

from cdp.generate.demo import generate_demo
from cdp.generate.generator import generate
from cdp.generate.report import GenerateReport

__all__ = ["GenerateReport", "generate", "generate_demo"]
