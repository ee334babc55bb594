"""Recipes of CONTRIBUTING.md: which files are edited by hand when, for example, a codec is added. Each recipe
is checked with an existing example: its name must occur in these files and in no other, so that a second list
of the same names is found. Comments and tests do not count, except for the generator of scenarios."""

import re

from house_rules import is_cpp, texts

HERE = "tests/house/house_recipes.py"
GENERATOR = "tests/scenario/scenario_generator.hpp"

# Kind of addition -> (pattern of an existing example, the files, files that only test for the example).
RECIPES = {
    "a key of a link": (
        r"\btrace_scale\b",
        ["runtime/scenario/scenario.hpp", "runtime/scenario/schema_links.cpp", GENERATOR,
         "sim/run/network_builder.cpp"], []),
    "a key of policy.quantization": (
        r"\bint window = 10\b|Quantization::window\b|\bquantization\.window\b",
        ["runtime/scenario/scenario.hpp", "runtime/scenario/schema_policy.cpp", GENERATOR],
        ["sim/run/limitations.cpp"]),
    "a codec": (
        r'"ds-aciq"|CodecId::ds_aciq\b|\bds_aciq = \d',
        ["runtime/codec/encoding.hpp", "runtime/codec/registry.cpp", "runtime/scenario/codec_keys.hpp"], []),
    "a quantization policy": (
        r'"max-fit"',
        ["runtime/policy/registry.cpp", "runtime/policy/windowed_policy.hpp", "runtime/scenario/choices.hpp",
         GENERATOR], []),
    "a model family": (
        r'ModelFamily::kwt\b|\bkwt,|"kwt: ',
        ["runtime/dataset/dataset.cpp", "runtime/model/model_config.cpp", "runtime/model/model_config.hpp",
         "runtime/scenario/scenario_checks.cpp", "runtime/scenario/schema_model.cpp",
         "runtime/stage/layers.cpp",
         "runtime/weights/model_tensors.cpp", "runtime/weights/weight_file.cpp"],
        ["runtime/dataset/features_file.cpp", "runtime/dataset/synthetic_features.cpp", GENERATOR]),
    "a kind of segment": (
        r"\bcsma\b",
        ["runtime/scenario/choices.hpp", "runtime/scenario/network_checks.cpp",
         "runtime/scenario/schema_segments.cpp", "sim/net/network_check.cpp", "sim/ns3/topology.cpp"],
        ["sim/run/limitations.cpp", GENERATOR]),
    "a congestion control": (
        r'"yeah"', ["runtime/scenario/choices.hpp", "sim/ns3/tcp_carrier.cpp"], []),
}


def counts(path):
    return path == GENERATOR or (is_cpp(path) and path.startswith(("runtime/", "sim/")))


def recipes_hold(tree, recipes=None):
    recipes = RECIPES if recipes is None else recipes
    for what, (pattern, files, askers) in recipes.items():
        found = {path for path, text in texts(tree, lambda path, _: counts(path))
                 if re.search(pattern, re.sub(r"//[^\n]*", "", text))}
        for path in sorted(found - set(files) - set(askers)):
            yield path, 0, (f"names one more of \"{what}\", which its recipe does not: use what is in "
                            f"{files[0]}, or correct RECIPES ({HERE}) and CONTRIBUTING.md")
        for path in sorted((set(files) | set(askers)) - found):
            yield HERE, 0, f"\"{what}\" does not need {path} any more: remove it here and in CONTRIBUTING.md"


def recipes_are_told(tree, recipes=None):
    recipes = RECIPES if recipes is None else recipes
    page = tree.get("CONTRIBUTING.md") or ""
    for what, (_, files, _) in recipes.items():
        row = next((line for line in page.split("\n") if line.startswith(f"| {what} |")), None)
        if row is None:
            yield "CONTRIBUTING.md", 0, f"has no row for \"{what}\" ({HERE})"
            continue
        if f"| {what} | {len(files)} |" not in row:
            yield "CONTRIBUTING.md", 0, f"the row of \"{what}\" does not count {len(files)} files"
        told = set(re.findall(r"`([a-z_0-9/]+\.(?:cpp|hpp))`", row))
        for path in sorted(set(files) ^ told):
            yield "CONTRIBUTING.md", 0, f"the row of \"{what}\" and RECIPES ({HERE}) differ about {path}"


RULES = [recipes_hold, recipes_are_told]
