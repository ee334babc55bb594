#!/usr/bin/env python3
"""The JSON Schema accepts the scenarios in FOLDER and refuses broken ones. Exit code 77: skipped."""
import copy
import glob
import json
import os
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}; install python3-jsonschema and python3-yaml")
    sys.exit(77)  # ctest: skipped

folder = sys.argv[1]
with open(os.path.join(folder, "millrace.schema.json"), encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)

scenarios = sorted(glob.glob(os.path.join(folder, "*.yaml")))
assert scenarios, "no scenarios"
for path in scenarios:
    with open(path, encoding="utf-8") as file:
        errors = list(validator.iter_errors(yaml.safe_load(file)))
    assert not errors, f"{path}: {errors[0].message}"

with open(os.path.join(folder, "quickstart.yaml"), encoding="utf-8") as file:
    good = yaml.safe_load(file)


def refuses(what, change):
    broken = copy.deepcopy(good)
    change(broken)
    assert not validator.is_valid(broken), f"accepted: {what}"


refuses("an unknown key", lambda s: s.update(unknown=1))
refuses("no model", lambda s: s.pop("model"))
refuses("bytes for bits", lambda s: s["network"]["links"][0].update(rate="20 MB/s"))
refuses("a missing unit", lambda s: s["network"]["links"][0].update(delay=5))
refuses("rate and trace", lambda s: s["network"]["links"][1].update(rate="1 Mbit/s"))
refuses("neither rate nor trace", lambda s: s["network"]["links"][0].pop("rate"))
refuses("from without to", lambda s: s["network"]["links"].append({"from": "camera", "rate": "1 Mbit/s"}))
refuses("images and microbatches", lambda s: s["workload"].update(images=1, microbatches=1))
refuses("a fraction of an image", lambda s: s["model"].update(microbatch=1.5))
refuses("a loss of 1", lambda s: s["network"]["links"][0].update(loss=1))
refuses("a bound without a sign", lambda s: s.update(expect={"throughput": "9 /s"}))
print(f"{len(scenarios)} scenarios are valid")
