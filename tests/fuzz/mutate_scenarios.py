#!/usr/bin/env python3
"""Structured mutations of all shipped scenarios through validate, plan and run --mode simulate.

    mutate_scenarios.py VERB_SERVER [--runs N] [--seed S] [--keep DIR] [--limit SECONDS]

No input may end a program by a signal or an exception, and no input may take longer than the limit. A refusal
must have a message. Mutations follow the JSON Schema, so that many mutated scenarios are valid and really
run. Sizes that determine the time of a simulation are kept moderate: see `bounded`. The seed is
printed; --keep DIR keeps the inputs that broke something. A long run: --runs 10000.
"""
import argparse
import collections
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}; install python3-yaml")
    sys.exit(77)  # ctest: skipped

from mutations import SCENARIOS, Mutator, text_of


# --- requirements for every input

def whole(text, otherwise):
    return int(text) if isinstance(text, str) and re.fullmatch(r"[1-9][0-9]{0,17}", text) else otherwise


def bounded(mutator):
    """Options of `run` that limit a simulation to a few dozen microbatches: its time grows with them, and in
    ns-3 with their packets on every hop; a Wi-Fi of 17 boards takes 10 to 23 s of processor time for a single
    image in fp32."""
    model = mutator.section("model")
    microbatch = whole(model.get("microbatch"), 8)
    packets = mutator.section("network").get("kind") == "ns3"
    many_hops = len(mutator.maps("devices")) > 8
    if packets:
        microbatch = min(microbatch, 1 if many_hops else 2)
    workload = mutator.section("workload")
    images = whole(workload.get("images"), whole(workload.get("microbatches"), 8) * microbatch)
    most = microbatch * ((1 if many_hops else 3) if packets else 40)
    options = ["--mode", "simulate", "--set", f"workload.images={min(images, most)}",
               "--set", "run.timeout=3 s"]  # events may go on for years without an arrival
    if packets:
        options += ["--set", f"model.microbatch={microbatch}"]
    if packets and many_hops:  # a sixteenth of the packets of fp32
        options += ["--set", "policy.quantization={kind: fixed, codec: uniform, bits: 2}"]
    return options


class Programs:
    def __init__(self, server, scratch, limit):
        self.output = os.path.join(scratch, "output")
        self.run = os.path.join(scratch, "run")
        self.process = subprocess.Popen([server, str(limit), self.output], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, cwd=SCENARIOS)

    def ask(self, words):
        shutil.rmtree(self.run, ignore_errors=True)
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        end, number, seconds = self.process.stdout.readline().split()
        with open(self.output, encoding="utf-8", errors="replace") as file:
            return end, int(number), float(seconds), file.read()


def fault_of(verb, answer):
    """None, or a description of the fault in how the verb ended."""
    end, code, seconds, said = answer
    if end != "exit":
        return f"{end} {code} after {seconds:.1f} s"
    if code not in (0, 1, 2, 3, 4, 5, 7):
        return f"exit code {code}"
    if code in (1, 2, 3) and "error: " not in said:
        return f"exit code {code} without a sentence"
    for word in ("std::", "bad_alloc", "MR_CHECK", "terminate called", "vector::", "basic_string"):
        if word in said and not (verb == "run" and code == 0):
            return f"\"{word}\" is no sentence for people"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("server", help="the program verb_server")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("MILLRACE_TEST_SEED", "1")))
    parser.add_argument("--limit", type=float, default=10, help="seconds of processor time for a verb")
    parser.add_argument("--keep", help="folder for inputs that broke something")
    parser.add_argument("--only", default="", help="scenarios whose name has this in it")
    arguments = parser.parse_args()
    print(f"{arguments.runs} inputs, MILLRACE_TEST_SEED={arguments.seed}", flush=True)

    documents = []
    for path in sorted(glob.glob(os.path.join(SCENARIOS, "*.yaml"))):
        if arguments.only in os.path.basename(path):
            with open(path, encoding="utf-8") as file:
                documents.append((os.path.basename(path)[:-5], yaml.load(file, Loader=yaml.BaseLoader)))
    ends, faults, longest = collections.Counter(), [], collections.defaultdict(float)
    keep = arguments.keep or tempfile.mkdtemp(prefix="millrace-broken-")
    os.makedirs(keep, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="millrace-mutate-") as scratch:
        programs = Programs(os.path.abspath(arguments.server), scratch, arguments.limit)
        for number in range(arguments.runs):
            if number and number % 500 == 0:
                print(f"{number} inputs, {len(faults)} faults", file=sys.stderr, flush=True)
            name, document = documents[number % len(documents)]
            mutator = Mutator(random.Random(f"{arguments.seed} {number}"), document)
            for _ in range(mutator.rng.choice([1, 1, 1, 1, 2, 2, 3, 5])):
                mutator.mutate()
            path = os.path.join(scratch, "mutated.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text_of(mutator.document))
            run = ["run", path, "--out", programs.run, "--quiet"] + bounded(mutator)
            for words in (["validate", path, "--mode", "simulate"], ["plan", path], run):
                answer = programs.ask(words)
                ends[words[0], answer[0], answer[1]] += 1
                longest[words[0]] = max(longest[words[0]], answer[2])
                fault = fault_of(words[0], answer)
                if fault:
                    kept = os.path.join(keep, f"{arguments.seed}-{number}-{name}-{words[0]}.yaml")
                    shutil.copy(path, kept)
                    faults.append(kept)
                    last = "\n".join(answer[3].splitlines()[-4:])
                    print(f"{kept}: millrace {' '.join(words)}: {fault}\n{last[-1500:]}\n", flush=True)
        programs.process.stdin.close()
        programs.process.wait()
    for (verb, end, code), count in sorted(ends.items()):
        print(f"{verb:9} {end} {code}: {count}")
    for verb, seconds in sorted(longest.items()):
        print(f"{verb:9} took at most {seconds:.2f} s")
    if not faults and not arguments.keep:
        os.rmdir(keep)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
