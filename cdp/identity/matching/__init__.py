"""Matching: which records may be one person though no identifier says so, learnt without labels.

`features` cleans what records say, `train` learns a `Model` from them, `score` gives pairs with
their probability and the evidence, `explain_pair` the same for two records, in words.
"""

from cdp.identity.matching.explain import Explanation, explain_pair
from cdp.identity.matching.features import features
from cdp.identity.matching.learning import train
from cdp.identity.matching.model import Model, Options
from cdp.identity.matching.scoring import score

__all__ = ["Explanation", "Model", "Options", "explain_pair", "features", "score", "train"]
