# One image for migrations, code server, webserver and daemon.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app

COPY requirements.lock ./
RUN pip install --no-deps --require-hashes -r requirements.lock

# Editable: Dagster finds the declared channels from pyproject.toml beside the package.
COPY pyproject.toml README.md ./
COPY cdp cdp
COPY migrations migrations
COPY pipelines pipelines
RUN pip install --no-deps --editable .

COPY deploy/compose/dagster.yaml deploy/compose/workspace.yaml /opt/dagster/
RUN useradd --create-home cdp && mkdir -p /var/log/dagster /data && chown cdp /opt/dagster /var/log/dagster
USER cdp
