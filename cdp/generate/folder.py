"""The folder that the generator fills, which it never takes away from anything else."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from cdp.errors import InvalidRequest

_MARK = "generated.json"


def cleared(out: Path, channels: Sequence[str]) -> Path:
    """`out`, ready for the `channels`: what an earlier run left there is removed.

    Raises InvalidRequest where a channel's folder holds files that the generator did not write.
    """
    mark = out / _MARK
    earlier = json.loads(mark.read_text("utf-8"))["folders"] if mark.exists() else []
    wanted = [*channels, "truth"]
    for name in wanted:
        if name not in earlier and (out / name).exists() and any((out / name).iterdir()):
            raise InvalidRequest(
                f"'{out / name}' holds files that were not generated; give another folder"
            )
    for name in earlier:
        shutil.rmtree(out / Path(name).name, ignore_errors=True)  # never outside of `out`
    out.mkdir(parents=True, exist_ok=True)
    # Before the files: a run that is cut short can be run again.
    mark.write_text(json.dumps({"folders": wanted}) + "\n", "utf-8")
    return out
