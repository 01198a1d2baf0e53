# Casus as an image: every requirement by its hash, no root, nothing written outside of /var/lib/casus and /tmp.
#
#     docker build -t casus .
#     docker run --read-only --tmpfs /tmp -v casus:/var/lib/casus -p 127.0.0.1:8000:8000 casus
#
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv /opt/casus \
 && /opt/casus/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY domain domain
COPY projections projections
COPY service service
RUN /opt/casus/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 && /opt/casus/bin/python -m compileall -q /opt/casus/lib

FROM python:3.12-slim-bookworm
# Titles on charts are in any script.
RUN apt-get update -q \
 && apt-get install -q -y --no-install-recommends fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 casus \
 && useradd --system --uid 10001 --gid casus --home-dir /var/lib/casus --create-home --shell /usr/sbin/nologin casus
COPY --from=build /opt/casus /opt/casus
ENV PATH=/opt/casus/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CASUS_HOME=/var/lib/casus \
    CASUS_LOG=json \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001:10001
WORKDIR /var/lib/casus
VOLUME /var/lib/casus
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m --retries=3 CMD ["python", "-m", "service.operating.probe"]
ENTRYPOINT ["casus"]
CMD ["serve"]
