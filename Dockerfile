# Everything that a cell needs but its server: five Pythons, Rust, the locked Python packages, the compiled dependencies.
#
#   docker compose run --rm matrix        builds this image, and runs the cells beside the servers of docker-compose.yml
#
# A tag moves; where that must not be, add a digest to it: `…-bookworm@sha256:…`. A test holds these names to
# matrix.toml.
ARG RUST=rust:1-slim-bookworm
ARG PYTHON_3_9=python:3.9-slim-bookworm
ARG PYTHON_3_10=python:3.10-slim-bookworm
ARG PYTHON_3_11=python:3.11-slim-bookworm
ARG PYTHON_3_12=python:3.12-slim-bookworm
ARG PYTHON_3_13=python:3.13-slim-bookworm

FROM ${PYTHON_3_10} AS python3.10
FROM ${PYTHON_3_11} AS python3.11
FROM ${PYTHON_3_12} AS python3.12
FROM ${PYTHON_3_13} AS python3.13
FROM ${RUST} AS rust

# The Pythons side by side in /usr/local, as each expects to be; the last one owns `python3` and `pip`.
FROM ${PYTHON_3_9} AS pythons
COPY --from=python3.10 /usr/local/ /usr/local/
COPY --from=python3.11 /usr/local/ /usr/local/
COPY --from=python3.12 /usr/local/ /usr/local/
COPY --from=python3.13 /usr/local/ /usr/local/
RUN ldconfig

# What compiles: the harness here, the extension in every run.
FROM pythons AS toolchain
ENV CARGO_HOME=/usr/local/cargo RUSTUP_HOME=/usr/local/rustup PATH=/usr/local/cargo/bin:$PATH
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev util-linux \
 && rm -rf /var/lib/apt/lists/*
COPY --from=rust /usr/local/rustup/ /usr/local/rustup/
COPY --from=rust /usr/local/cargo/ /usr/local/cargo/
RUN chmod a+rwx /usr/local/cargo
WORKDIR /opt/pyo3-matrix

# The packages of every lock as files, so that a run asks no index; pip holds them to their hashes, here and there.
FROM pythons AS packages
COPY requirements/tools.txt requirements/py*.txt /requirements/
RUN --mount=type=cache,target=/var/cache/pip \
    set -eu; \
    fetch() { "python$1" -m pip download -q --cache-dir /var/cache/pip --disable-pip-version-check --require-hashes --no-deps -r "/requirements/$2" -d /packages; }; \
    fetch 3 tools.txt; \
    for lock in /requirements/py*.txt; do \
      python=${lock#*/py}; python=${python%.txt}; \
      # An extra of matrix.toml has a lock, and no interpreter here.
      if command -v "python$python" >/dev/null; then fetch "$python" "${lock##*/}"; fi; \
    done

# Manifests and locks alone, so that a change of source leaves the next layer, which compiles every dependency, as it is.
FROM pythons AS skeleton
WORKDIR /checkout
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY docker/skeleton /usr/local/bin/
RUN skeleton /skeleton

# Those of the harness, and those of the extension as the harness will build it. Their sources stay in the image: a run
# builds wheels, and asks no index for them.
FROM toolchain AS dependencies
# The harness waits for others most of its life: quick to compile is what counts. Not for the wheels, whose profile is release.
ENV CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=none
COPY --from=skeleton /skeleton/ ./
RUN cargo build --locked --package pyo3-matrix \
 && PYO3_PYTHON=/usr/local/bin/python3.9 cargo build --locked --release --package fraiseql_rs \
      --features extension-module --target-dir target/matrix/build \
 # What was made of empty sources must not pass for the real thing.
 && cargo clean --locked --package pyo3-matrix \
 && cargo clean --locked --release --package fraiseql_rs --target-dir target/matrix/build \
 && rm -rf crates Cargo.toml Cargo.lock \
 && chmod -R a+rwX /usr/local/cargo/registry

FROM dependencies AS harness
COPY Cargo.toml Cargo.lock matrix.toml ./
COPY crates crates
RUN cargo build --locked && cp target/debug/pyo3-matrix /usr/local/bin/

FROM toolchain AS matrix
RUN useradd --create-home --uid 1000 matrix && install -d -o matrix -g matrix target target/matrix
COPY --from=packages /packages/ /opt/packages/
COPY --from=dependencies /usr/local/cargo/registry/ /usr/local/cargo/registry/
COPY --from=dependencies --chown=matrix:matrix /opt/pyo3-matrix/target/matrix/ target/matrix/
COPY --from=harness /usr/local/bin/pyo3-matrix /usr/local/bin/
COPY . .
# Whatever a run needs is in this image; an index that answers otherwise is not asked.
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/opt/packages PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pyo3-matrix" \
      org.opencontainers.image.description="Runs a PyO3 async extension on every Python, Postgres and PyO3 release that it supports" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="docker.io/library/python:3.9-slim-bookworm"
ENTRYPOINT ["docker/entrypoint"]
CMD ["run"]
