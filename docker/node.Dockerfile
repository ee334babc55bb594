# An agent, from the package that ./dev package leaves:
#   docker build -f docker/node.Dockerfile -t millrace-node build/package
FROM debian:bookworm-slim
COPY millrace-node.deb /tmp/
RUN apt-get update \
 && apt-get install -y --no-install-recommends /tmp/millrace-node.deb \
 && rm -rf /tmp/millrace-node.deb /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/millrace millrace
USER millrace
WORKDIR /var/lib/millrace
ENTRYPOINT ["/usr/bin/millrace-node"]
CMD ["--help"]
