#!/usr/bin/python3
"""Runs scenarios/policies-lte.yaml with every adaptive quantization policy over recorded traces, in simulate,
and prints the table of analysis/policies.py:

    tests/fidelity/compare_policies.py TRACES OUT [--network ns3] [--codec ds-aciq]

TRACES is a folder with the recordings named below (traces/README.md says where each collection is found);
missing ones are skipped with a message. To make traces comparable, every trace gets the same load: its mean
rate would carry BITS bits per value at the target rate, in microbatches of about PERIOD_S seconds."""

import argparse
import pathlib
import subprocess
import sys

from recordings import mean_and_length, recordings

ROOT = pathlib.Path(__file__).resolve().parents[2]
BITS, PERIOD_S, MICROBATCHES = 8, 0.3, 1500
VALUES = 197 * 192  # per image, at the cut of the scenario
POLICIES = ["heuristic", "max-fit", "controller", "deadline"]
TRACES = {
    "LTE, Verizon, down": "mahimahi/Verizon-LTE-short.down",
    "LTE, AT&T, driving, up": "mahimahi/ATT-LTE-driving-2016.up",
    "LTE, T-Mobile, down": "mahimahi/TMobile-LTE-short.down",
    "LTE, Verizon, driving": "lumos5g/4g_trace_driving_50163_dr",
    "3G UMTS, driving, down": "mahimahi/TMobile-UMTS-driving.down",
    "3G EV-DO, driving, down": "mahimahi/Verizon-EVDO-driving.down",
    "3G HSDPA, tram": "pensieve-format/norway_tram_11",
    "5G mmWave, driving": "lumos5g/5g_trace_110_driving",
    "5G mmWave, walking": "lumos5g/5g_trace_92_walking",
    "Starlink": "leocc-starlink/bw_example.txt",
    "Wi-Fi 4, cafe": "solis-wifi/wifi_cafe_231115-151422.txt",
    "Wi-Fi 5, campus": "solis-wifi/wifi_campus_231115-194233.txt",
    "Wi-Fi 6, restaurant": "solis-wifi/wifi_restr_231115-130711.txt",
    "broadband, FCC": "pensieve-format/trace_797466_http---www.amazon_part1.log",
}


def run(options, name, path, policy):
    mean, length = mean_and_length(path)
    rate = mean / (BITS * VALUES)
    microbatch = max(1, round(PERIOD_S * rate))
    count = int(min(MICROBATCHES, max(100, length * rate / microbatch)))
    keys = {"network.links[1].trace": path, "model.microbatch": microbatch, "workload.microbatches": count,
            "workload.rate": f"{rate:.6f} /s", "policy.quantization.target_rate": f"{rate:.6f} /s",
            "policy.quantization.kind": policy, "policy.quantization.codec": options.codec,
            "network.kind": options.network}
    out = options.out / name.replace("/", "-") / policy
    command = [options.millrace, "run", ROOT / "scenarios/policies-lte.yaml", "--mode", "simulate", "--quiet",
               "--out", out, "--overwrite"]
    for key, value in keys.items():
        command += ["--set", f"{key}={value}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{name}, {policy}: {done.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--network", default="fluid", choices=["fluid", "ns3"])
    parser.add_argument("--codec", default="ds-aciq")
    parser.add_argument("--only", help="a part of a trace's name")
    parser.add_argument("--millrace", default=ROOT / "build/release/bin/millrace")
    options = parser.parse_args()
    for name, path in recordings(options.traces, TRACES, options.only):
        for policy in POLICIES:
            run(options, name, path, policy)
    subprocess.run([sys.executable, ROOT / "analysis/policies.py", options.out], check=True)


if __name__ == "__main__":
    main()
