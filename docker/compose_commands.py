#!/usr/bin/env python3
"""Lists the commands of docker-compose.yml, for a machine without a container engine: a line per service with
its name and its command in shell syntax. Volumes, networks and images are ignored.

    docker/compose_commands.py FILE"""

import shlex
import sys

import yaml


def main():
    with open(sys.argv[1]) as file:
        services = yaml.safe_load(file)["services"]
    for name, service in services.items():
        words = [word.replace("$$", "$") for word in [*service["entrypoint"], *service["command"]]]
        print(name, shlex.join(words))
    return 0


if __name__ == "__main__":
    sys.exit(main())
