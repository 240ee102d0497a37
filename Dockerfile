# Two images from one file:
#   indexer   builds an index from articles and exits (torch's CPU build, the prepared model)
#   service   answers questions from a finished index (no torch, no transformers)

FROM python:3.11-slim AS base
ENV PATH=/opt/citedesk/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A new volume takes the owner of the folder it is mounted on, so that the indexer may write to /index, the
# service to /data and `keys create` to /keys.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp citedesk \
    && install -d -o citedesk -g citedesk /index \
    && install -d -o citedesk -g citedesk -m 700 /data \
    && install -d -o citedesk -g citedesk -m 700 /keys
WORKDIR /src

FROM base AS wheel
COPY requirements.lock ./
RUN pip install "$(grep ^setuptools== requirements.lock)"
COPY pyproject.toml README.md LICENSE ./
COPY indexer indexer
COPY service service
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

# What pyproject.toml asks for, one file per image: a change in the code alone then installs no dependency anew.
FROM base AS dependencies
COPY pyproject.toml ./
RUN ["python", "-c", "import pathlib, tomllib; p = tomllib.loads(pathlib.Path('pyproject.toml').read_text())['project']; pathlib.Path('service.txt').write_text('\\n'.join(p['dependencies'] + p['optional-dependencies']['postgres'] + p['optional-dependencies']['chat'])); pathlib.Path('indexer.txt').write_text('\\n'.join(p['dependencies'] + p['optional-dependencies']['indexer']))"]

FROM base AS service-packages
COPY requirements.lock ./
COPY --from=dependencies /src/service.txt ./
RUN python -m venv --without-pip /opt/citedesk \
    && pip --python /opt/citedesk/bin/python install --constraint requirements.lock --requirement service.txt
COPY --from=wheel /wheels /wheels
RUN pip --python /opt/citedesk/bin/python install --no-deps /wheels/*.whl

FROM base AS indexer-packages
COPY requirements.lock ./
RUN python -m venv --without-pip /opt/citedesk \
    && pip --python /opt/citedesk/bin/python install --no-deps \
        --extra-index-url https://download.pytorch.org/whl/cpu "$(grep ^torch== requirements.lock)+cpu"
COPY --from=dependencies /src/indexer.txt ./
RUN pip --python /opt/citedesk/bin/python install --constraint requirements.lock --requirement indexer.txt
COPY --from=wheel /wheels /wheels
RUN pip --python /opt/citedesk/bin/python install --no-deps /wheels/*.whl

FROM base AS indexer
COPY --from=indexer-packages /opt/citedesk /opt/citedesk
WORKDIR /var/lib/citedesk
RUN chown citedesk:citedesk /var/lib/citedesk
USER citedesk
# Into .cache/models below this folder, where a build finds it.
RUN ["python", "-m", "indexer", "prepare"]
# Python as a container's first process ignores SIGTERM, but ends a build cleanly on SIGINT, as on Ctrl-C.
STOPSIGNAL SIGINT
ENTRYPOINT ["python", "-m", "indexer"]
CMD ["--help"]

FROM base AS service
COPY --from=service-packages /opt/citedesk /opt/citedesk
# A container's own loopback address can't be reached from outside it: listen on all of its addresses.
# So it doesn't start before there is a key in /keys, or CITEDESK_OPEN says true or false.
ENV CITEDESK_INDEX_DIR=/index \
    CITEDESK_KEYS_FILE=/keys/keys.json \
    CITEDESK_HOST=0.0.0.0 \
    CITEDESK_PORT=8000 \
    CITEDESK_DATABASE_URL=sqlite:////data/citedesk.db
WORKDIR /
USER citedesk
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import http.client; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/health/ready'); raise SystemExit(c.getresponse().status != 200)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "service"]
