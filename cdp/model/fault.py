"""What is wrong with a document that does not fit its model."""

from pydantic import ValidationError


def first_fault(error: ValidationError, root: str = "the document") -> str:
    """Place and reason of the first fault, without the value: it may be personal data.

    The place goes down from `root`, which is named where the document as a whole is at fault.
    """
    first = error.errors(include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or root}: {first['msg']}"
