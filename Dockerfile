# Two stages: the wheel and its locked dependencies are installed in one, the other holds only what runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt requirements-build.txt ./
RUN python -m venv /opt/aas \
    && /opt/aas/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
    && python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --require-hashes -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY submodels submodels
COPY aas_server aas_server
RUN /opt/tools/bin/hatchling build -t wheel -d /dist \
    && /opt/aas/bin/pip install --no-cache-dir --no-deps /dist/*.whl

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/aas --create-home aas
COPY --from=build /opt/aas /opt/aas
ENV PATH=/opt/aas/bin:$PATH PYTHONUNBUFFERED=1 AAS_LOG_FORMAT=json AAS_DATA=/var/lib/aas/data
USER 10001
WORKDIR /var/lib/aas
VOLUME /var/lib/aas
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health', timeout=2)"]
ENTRYPOINT ["aas-server"]
CMD ["serve", "--host", "0.0.0.0"]
