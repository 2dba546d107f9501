# The image has everything that a cell needs except its server: five Pythons, Rust, the locked Python packages, the
# compiled dependencies, and a server that the conformance kit may kill.
#
#   docker compose run --rm matrix        builds this image, and runs the cells beside the servers of docker-compose.yml
#
# A tag can move. To prevent that, add a digest to it: `…-bookworm@sha256:…`. A test compares these names with
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

# The Pythons stand side by side in /usr/local, where each expects to be. The last one owns `python3` and `pip`.
FROM ${PYTHON_3_9} AS pythons
COPY --from=python3.10 /usr/local/ /usr/local/
COPY --from=python3.11 /usr/local/ /usr/local/
COPY --from=python3.12 /usr/local/ /usr/local/
COPY --from=python3.13 /usr/local/ /usr/local/
RUN ldconfig

# The compilers: for the harness here, for the extension in every run.
FROM pythons AS toolchain
ENV CARGO_HOME=/usr/local/cargo RUSTUP_HOME=/usr/local/rustup PATH=/usr/local/cargo/bin:$PATH
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev util-linux \
 && rm -rf /var/lib/apt/lists/*
COPY --from=rust /usr/local/rustup/ /usr/local/rustup/
COPY --from=rust /usr/local/cargo/ /usr/local/cargo/
RUN chmod a+rwx /usr/local/cargo
WORKDIR /opt/pyo3-matrix

# The packages of every lock, as files, so that a run asks no index. pip checks their hashes here and in the run.
FROM pythons AS packages
COPY crates/pyo3-matrix/tools/tools.txt requirements/py*.txt /requirements/
RUN --mount=type=cache,target=/var/cache/pip \
    set -eu; \
    fetch() { "python$1" -m pip download -q --cache-dir /var/cache/pip --disable-pip-version-check --require-hashes --no-deps -r "/requirements/$2" -d /packages; }; \
    fetch 3 tools.txt; \
    for lock in /requirements/py*.txt; do \
      python=${lock#*/py}; python=${python%.txt}; \
      # An extra of matrix.toml has a lock, but no interpreter here.
      if command -v "python$python" >/dev/null; then fetch "$python" "${lock##*/}"; fi; \
    done

# Only manifests and locks, so that a change of source does not change the next layer, which compiles every dependency.
FROM pythons AS skeleton
WORKDIR /checkout
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY docker/skeleton /usr/local/bin/
RUN skeleton /skeleton

# The dependencies of the harness, and those of the extension as the harness will build it. Their sources stay in the
# image, so a run builds wheels without asking an index.
FROM toolchain AS dependencies
# The harness mostly waits for other programs, so it only has to compile quickly. Wheels use the release profile.
ENV CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=none
COPY --from=skeleton /skeleton/ ./
RUN cargo build --locked --package pyo3-matrix \
 && PYO3_PYTHON=/usr/local/bin/python3.9 cargo build --locked --release --package fraiseql_rs \
      --features extension-module --target-dir target/matrix/build \
 # The crates that were compiled from empty sources must not be taken for the real ones.
 && cargo clean --locked --package pyo3-matrix --package pyo3-doctor \
 && cargo clean --locked --release --package fraiseql_rs --target-dir target/matrix/build \
 && rm -rf crates Cargo.toml Cargo.lock \
 && chmod -R a+rwX /usr/local/cargo/registry

FROM dependencies AS harness
COPY Cargo.toml Cargo.lock matrix.toml ./
COPY crates crates
# The harness has the conformance kit in its binary.
COPY python/pytest-pyo3-bridge/src python/pytest-pyo3-bridge/src
RUN cargo build --locked && cp target/debug/pyo3-matrix /usr/local/bin/

FROM toolchain AS matrix
# The conformance kit starts, kills and cuts servers of its own, not those of other cells. No cluster is made here.
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-common \
 && sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
 && apt-get install -y --no-install-recommends pgbouncer postgresql \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 matrix && install -d -o matrix -g matrix target target/matrix
COPY --from=packages /packages/ /opt/packages/
COPY --from=dependencies /usr/local/cargo/registry/ /usr/local/cargo/registry/
COPY --from=dependencies --chown=matrix:matrix /opt/pyo3-matrix/target/matrix/ target/matrix/
COPY --from=harness /usr/local/bin/pyo3-matrix /usr/local/bin/
COPY . .
# The image has everything that a run needs, so no index is asked, whatever it would answer.
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
