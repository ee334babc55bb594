# The host, with millrace-node beside it, from the packages that ./dev package leaves:
#   docker build -f docker/host.Dockerfile -t millrace build/package
FROM debian:bookworm-slim
COPY millrace.deb millrace-node.deb /tmp/
RUN apt-get update \
 && apt-get install -y --no-install-recommends /tmp/millrace.deb /tmp/millrace-node.deb \
 && rm -rf /tmp/*.deb /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/millrace millrace
USER millrace
WORKDIR /var/lib/millrace
ENTRYPOINT ["/usr/bin/millrace"]
CMD ["--help"]
