"""The fluid network against ns-3's TCP: throughput of two pipelines over six recorded links.

    python3 tests/fidelity/fluid_against_tcp.py ../shared/traces OUT

Prints a Markdown table. Every run is as long as its recording, 60 s at least and 240 s at most.
"""
import argparse
import json
import pathlib
import subprocess
import sys

from recordings import mean_and_length, recordings

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRACES = {
    "LTE, Verizon": "mahimahi/Verizon-LTE-short.down",
    "LTE, T-Mobile": "mahimahi/TMobile-LTE-short.down",
    "LTE, AT&T, driving": "mahimahi/ATT-LTE-driving-2016.down",
    "3G, T-Mobile, driving": "mahimahi/TMobile-UMTS-driving.down",
    "Starlink": "leocc-starlink/bw_example.txt",
    "3G, Verizon, driving": "mahimahi/Verizon-EVDO-driving.down",
}
# Scenario, link that replays the recording, bytes per microbatch of 8 images over it.
PIPELINES = {
    "two stages, 8 bit": ("policies-lte.yaml", 1, 8),
    "three stages, 8 bit, two recorded links": ("quickstart.yaml", 1, 8),
}


def settings(pipeline, path):
    """A closed loop that keeps the recorded link busy; as many microbatches as it can carry."""
    mean, length = mean_and_length(path)
    seconds = min(max(length, 60), 240)
    scenario, link, microbatch = PIPELINES[pipeline]
    values = {"policies-lte.yaml": 197 * 192, "quickstart.yaml": 65 * 96}[scenario]
    # Microbatches of about half a second of the link, so that the pipeline's window is never the limit.
    microbatch = max(1, round(0.5 * mean / (values * 8)))
    count = max(20, round(seconds * mean / (values * 8 * microbatch)))
    keys = {f"network.links[{link}].trace": path, "workload.arrivals": "closed-loop",
            "model.microbatch": microbatch, "workload.microbatches": count,
            "policy.quantization.kind": "fixed",
            "policy.quantization.codec": "uniform", "policy.quantization.bits": 8}
    if scenario == "quickstart.yaml":
        keys["network.links[2].trace"] = path
        keys["network.links[2].trace_offset"] = "30 s"
        for device in (1, 2, 3):
            keys[f"devices[{device}].speed"] = "200 TFLOP/s"
        for fast in (0, 3):
            keys[f"network.links[{fast}].rate"] = "10 Gbit/s"
    return keys


def throughput(options, pipeline, name, path, network):
    scenario = PIPELINES[pipeline][0]
    out = options.out / f"{scenario}-{path.name}-{network}"
    text = (ROOT / "scenarios" / scenario).read_text()
    if scenario == "policies-lte.yaml":  # neither key is allowed in a closed loop
        text = text.replace("arrivals: rate, rate: 80 /s", "arrivals: closed-loop")
        text = text.replace(", target_rate: 80 /s", "")
        text = text.replace("kind: deadline", "kind: fixed").replace("../traces/", f"{ROOT}/traces/")
    else:
        text = text.replace("images: 8192", "microbatches: 1").replace("models/", f"{ROOT}/scenarios/models/")
        text = text.replace("../traces/", f"{ROOT}/traces/")
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / scenario
    file.write_text(text)
    command = [options.millrace, "run", file, "--mode", "simulate", "--quiet", "--out", out,
               "--set", f"network.kind={network}"]
    for key, value in settings(pipeline, path).items():
        command += ["--set", f"{key}={value}"]
    subprocess.run(["rm", "-rf", str(out)], check=True)
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{name}, {pipeline}, {network}: {done.stderr}")
    return json.loads((out / "summary.json").read_text())["throughput_images_per_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--only", help="a part of a trace's name")
    parser.add_argument("--millrace", default=ROOT / "build/release/bin/millrace")
    options = parser.parse_args()
    print("| recording | pipeline | fluid, images/s | ns-3 TCP, images/s | difference |")
    print("|---|---|---|---|---|")
    for name, path in recordings(options.traces, TRACES, options.only):
        for pipeline in PIPELINES:
            fluid, ns3 = (throughput(options, pipeline, name, path, network) for network in ("fluid", "ns3"))
            difference = (fluid / ns3 - 1) * 100
            print(f"| {name} | {pipeline} | {fluid:.2f} | {ns3:.2f} | {difference:+.1f} % |", flush=True)


if __name__ == "__main__":
    main()
