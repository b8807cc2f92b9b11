"""Cells of declared dimensions as SQL, in any scope."""

import json

from sqlalchemy import Connection

from cdp.audience.compiler import Compiler
from cdp.audience.dimensions import Dimension, bin_conditions
from cdp.derive.parameters import parameters_in_force
from cdp.derive.registry import known_trait
from cdp.store.audience.predicate import Fragment


def currency(tx: Connection) -> str:
    """The fitted reporting currency and rates, as JSON text."""
    parameters = parameters_in_force(tx)
    return json.dumps(parameters.of("currency") if parameters else {}, sort_keys=True)


def cell_of(compiler: Compiler, dimension: Dimension) -> tuple[str, Fragment]:
    """The name of the cell of a profile (or null), and when it may change."""
    if not dimension.bins:
        return compiler.scope.trait_text(known_trait(dimension.trait).name), Fragment("")
    binder, flips, whens = compiler.scope.binder, [], []
    for label, condition in bin_conditions(dimension).items():
        found = compiler.compile(condition)
        flips += found.flips
        whens.append(f"WHEN {found.sql} THEN {binder.value(label, 'text')}")
    return f"CASE {' '.join(whens)} END", Fragment("", tuple(dict.fromkeys(flips)))


def trait_json(compiler: Compiler, dimension: Dimension) -> str:
    """The trait of a dimension, as it is stored."""
    return compiler.scope.trait_json(known_trait(dimension.trait).name)
