"""Agents that listen, as a fleet on loopback, and a relay between the host and each agent that reads the
headers of frames, so that tests recognise a phase by its messages and not by the clock."""

import os
import socket
import struct
import subprocess
import threading
import time

from system_test import LIMIT_S, NODE, QUICKSTART, SMALL, System

DEVICES = ["camera", "board-a", "board-b", "board-c"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Agent:
    def __init__(self, folder, name, *arguments, cwd=None):
        self.name = name
        self.port = free_port()
        self.log = os.path.join(folder, f"{name}-{self.port}.log")
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([NODE, "agent", "--listen", f"127.0.0.1:{self.port}",
                                             "--cache", os.path.join(folder, "cache"), *arguments],
                                            stderr=log, cwd=cwd)
        deadline = time.monotonic() + LIMIT_S
        while "listening at" not in self.said():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not listen: {self.said()}")
            time.sleep(0.05)

    def said(self):
        with open(self.log) as file:
            return file.read()

    def end(self):
        self.process.terminate()
        return self.process.wait(timeout=LIMIT_S)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Relay:
    """Passes frames on; `on_frame(type)` runs before a frame is passed on, and `inject(type)` returns bytes
    to send to the host before a frame from the agent."""

    def __init__(self, port, on_frame=lambda kind: None, inject=lambda kind: b""):
        self.to, self.on_frame, self.inject = port, on_frame, inject
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            try:
                agent = socket.create_connection(("127.0.0.1", self.to))
            except OSError:
                client.close()
                continue
            for ends in ((client, agent, False), (agent, client, True)):
                threading.Thread(target=self.pass_on, args=ends, daemon=True).start()

    def pass_on(self, source, target, from_agent):
        try:
            with source.makefile("rb") as stream:
                while True:
                    header = stream.read(16)
                    if len(header) < 16:
                        break
                    kind, meta, payload = struct.unpack("<6xHII", header)
                    body = stream.read(meta + payload)
                    self.on_frame(kind)
                    if from_agent:
                        target.sendall(self.inject(kind))
                    target.sendall(header + body)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listening.close()


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    """One field of a Protocol Buffers message: a whole number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def frame(kind, meta=b"", payload=b""):
    return struct.pack("<4sHHII", b"MRF1", 2, kind, len(meta), len(payload)) + meta + payload


class Fleet(System):
    def start(self, *arguments, cwd=None):
        agents = [Agent(self.folder, name, *arguments, cwd=cwd) for name in DEVICES]
        self.addCleanup(lambda: [agent.kill() for agent in agents])
        return agents

    @staticmethod
    def inventory(ports):
        settings = []
        for index, port in enumerate(ports):
            settings += ["--set", f"devices[{index}].address=127.0.0.1:{port}"]
        return settings

    def deploy(self, name, ports, *arguments, expect=0):
        out = self.path(name)
        self.millrace("run", QUICKSTART, "--mode", "deploy", "--out", out, *SMALL, *self.inventory(ports),
                      *arguments, expect=expect)
        return out
