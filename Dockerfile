# One image for every process of the service: `docker run IMAGE worker`, `docker run IMAGE trainer`, ...
FROM python:3.11.13-slim-bookworm AS environment
WORKDIR /signalbox
COPY requirements.lock ./
# uv comes out of the same lock file as everything else, so that its hash is checked too.
RUN python -m venv .venv \
    && sed -n '/^uv==/,/[^\\]$/p' requirements.lock > .venv/uv.lock \
    && .venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r .venv/uv.lock \
    && .venv/bin/uv pip sync --no-cache --python .venv/bin/python --require-hashes requirements.lock

FROM python:3.11.13-slim-bookworm
RUN useradd --uid 10001 --create-home signalbox \
    && install -d -o signalbox -g signalbox /data /artifacts
WORKDIR /signalbox
COPY --from=environment /signalbox/.venv .venv
COPY . .
ENV PYTHONUNBUFFERED=1 \
    SIGNALBOX_BROKER=external \
    SIGNALBOX_DATA_FOLDER=/data
VOLUME ["/data", "/artifacts"]
USER signalbox
ENTRYPOINT ["/signalbox/bin/signalbox"]
CMD ["--help"]
