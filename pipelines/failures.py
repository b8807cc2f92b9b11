"""Which errors are worth another attempt, and which are for a person."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from cdp.errors import CdpError, StoreConflict, StoreUnavailable

# The store keeps every step repeatable: an attempt that failed left nothing behind.
RETRIES = dg.RetryPolicy(
    max_retries=3, delay=5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
PASSING = (StoreUnavailable, StoreConflict)


@contextmanager
def final_errors() -> Iterator[None]:
    """Let passing errors through to the retry policy; every other error of ours fails at once."""
    try:
        yield
    except PASSING:
        raise
    except CdpError as error:
        raise final_failure(error) from error


def final_failure(*errors: CdpError) -> dg.Failure:
    """A failure that another attempt would only repeat, with what each error says."""
    return dg.Failure(
        description="\n".join(str(error) for error in errors),
        metadata={"codes": ", ".join(sorted({error.code for error in errors}))},
        allow_retries=False,
    )
