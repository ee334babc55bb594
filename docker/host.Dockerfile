# The host and millrace-node, from the packages that ./dev package builds:
#   docker build -f docker/host.Dockerfile -t millrace build/package
# The user and /keys are those of node.Dockerfile, which says why.
FROM debian:bookworm-slim
COPY millrace.deb millrace-node.deb /tmp/
RUN useradd --system --uid 990 --create-home --home-dir /var/lib/millrace millrace \
 && install -d -o millrace -g millrace -m 700 /keys \
 && apt-get update \
 && apt-get install -y --no-install-recommends /tmp/millrace.deb /tmp/millrace-node.deb \
 && rm -rf /tmp/millrace.deb /tmp/millrace-node.deb /var/lib/apt/lists/*
USER millrace
WORKDIR /var/lib/millrace
ENTRYPOINT ["/usr/bin/millrace"]
CMD ["--help"]
