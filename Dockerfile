# The service as an image: docker build --tag strategic-memory .
# deploy/compose.yaml runs it beside a Redis. Everything that is installed, also to build, is locked with hashes: `make image-lock`.

FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY protos protos
COPY server server
COPY client client
COPY producer producer
COPY demo demo
COPY deploy/image deploy/image
RUN python -m pip install --quiet --disable-pip-version-check --no-cache-dir --target /opt/build \
    --require-hashes --only-binary :all: --requirement deploy/image/build-requirements.txt
RUN PYTHONPATH=/opt/build python -m pip wheel --quiet --disable-pip-version-check --no-cache-dir \
    --no-build-isolation --no-deps --wheel-dir /wheels .
RUN python -m venv /opt/strategic-memory
RUN /opt/strategic-memory/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir \
    --require-hashes --only-binary :all: --requirement deploy/image/requirements.txt
RUN /opt/strategic-memory/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir \
    --no-index --no-deps /wheels/strategic_memory-*.whl

FROM python:3.12-slim
LABEL org.opencontainers.image.title="strategic-memory" \
      org.opencontainers.image.description="Tells trading programs which policy earns in which market regime, over gRPC" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"

COPY --from=build /opt/strategic-memory /opt/strategic-memory
ENV PATH=/opt/strategic-memory/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STRATEGIC_MEMORY_GRPC_ADDRESS=0.0.0.0:50051 \
    STRATEGIC_MEMORY_HTTP_ADDRESS=0.0.0.0:8001 \
    # A container is reached by what its network lets in, and no further than its ports are published. Encrypted and with
    # identities: STRATEGIC_MEMORY_TLS_CERT, _TLS_KEY and _ACCESS_FILE (docs/security.md).
    STRATEGIC_MEMORY_INSECURE_LISTEN=on

# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
EXPOSE 50051 8001
STOPSIGNAL SIGTERM

# Whether it serves, not whether Redis is there: an outage of Redis is no reason to restart the service.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["strategic-memory-server", "probe"]

ENTRYPOINT ["strategic-memory-server"]
CMD ["serve"]
