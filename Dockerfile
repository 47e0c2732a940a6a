# A recommendation service. Build: docker build -t shoprl . (--build-arg TORCH_INDEX=... for torch's CPU builds).
# Run: see docs/start/serve.md, "In a container".
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
# torch first and alone, so that it may come from the index of its CPU builds, which saves gigabytes.
ARG TORCH_INDEX=""
RUN python -m venv /opt/shoprl \
    && /opt/shoprl/bin/pip install --no-cache-dir --constraint constraints.txt \
        ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} torch \
    && /opt/shoprl/bin/pip install --no-cache-dir --constraint constraints.txt ".[service]"

FROM python:3.12-slim
COPY --from=build /opt/shoprl /opt/shoprl
RUN useradd --create-home --uid 10001 shoprl && mkdir /data && chown shoprl /data
USER 10001
WORKDIR /data
VOLUME /data
ENV PATH=/opt/shoprl/bin:$PATH SHOPRL_CACHE=/data/cache PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["shoprl"]
CMD ["serve", "--catalog", "/data/shop.csv", "--host", "0.0.0.0", "--port", "8000"]
