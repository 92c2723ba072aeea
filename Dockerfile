# The crawler and all other commands: `docker run … cryptodrug COMMAND`, see docker-compose.yml.
# Everything it writes is under /data. It holds no secret: those come as files when it runs.

# The wheel is built with the tools of the development lock, which stay in this stage.
FROM python:3.11-slim AS wheel
WORKDIR /source
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements-dev.lock ./
RUN pip install --require-hashes -r requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY cryptodrug_scraper cryptodrug_scraper
COPY parsers parsers
COPY spiders spiders
COPY migrations migrations
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim AS build
RUN python -m venv /opt/cryptodrug
ENV PATH=/opt/cryptodrug/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY --from=wheel /wheels /wheels
RUN pip install --no-deps --no-index /wheels/*.whl

FROM python:3.11-slim
RUN groupadd --gid 10001 cryptodrug \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home cryptodrug \
    && install --directory --owner 10001 --group 10001 --mode 0700 \
        /data /data/archive /data/sessions
COPY --from=build /opt/cryptodrug /opt/cryptodrug
# `scrapy` finds its settings by scrapy.cfg in the folder where it is called.
COPY --chmod=0644 scrapy.cfg /app/
WORKDIR /app
ENV PATH=/opt/cryptodrug/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CRYPTODRUG_DATA_DIR=/data
USER 10001:10001
VOLUME ["/data"]
# That the program starts at all; docker-compose.yml asks more.
HEALTHCHECK --interval=1m --timeout=20s --start-period=20s CMD ["cryptodrug", "--version"]
ENTRYPOINT ["cryptodrug"]
CMD ["--help"]
