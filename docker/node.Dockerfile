# An agent, from the package that ./dev package builds:
#   docker build -f docker/node.Dockerfile -t millrace-node build/package
# The user is made before the package is installed, whose own user could have another number in each image: host
# and agents share a volume of keys that only their owner reads. An empty volume takes the owner of /keys.
FROM debian:bookworm-slim
COPY millrace-node.deb /tmp/
RUN useradd --system --uid 990 --create-home --home-dir /var/lib/millrace millrace \
 && install -d -o millrace -g millrace -m 700 /keys \
 && apt-get update \
 && apt-get install -y --no-install-recommends /tmp/millrace-node.deb \
 && rm -rf /tmp/millrace-node.deb /var/lib/apt/lists/*
USER millrace
WORKDIR /var/lib/millrace
ENTRYPOINT ["/usr/bin/millrace-node"]
CMD ["--help"]
