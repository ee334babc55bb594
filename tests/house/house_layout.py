"""The house rules about the layout of the source tree: which folder may include which, no cycles, and READMEs
that name every file. As in house_rules.py, a rule takes a tree and yields (path, line or 0, finding).

Known violations are in lists of exceptions, each with its reason. An exception that is no longer needed
is a finding too, so these lists can only become shorter."""

import os
import re

from house_rules import includes, is_cpp, lines, texts

HERE = "tests/house/house_layout.py"

# Each folder includes only folders that stand before it.
ORDER = ["runtime/base", "runtime/yaml", "runtime/model", "runtime/scenario", "runtime/codec",
         "runtime/weights", "runtime/dataset", "runtime/planner", "runtime/policy", "runtime/node",
         "runtime/conductor", "runtime/shaping", "runtime/wire", "runtime/stage", "runtime/training",
         "runtime/net", "runtime/cli", "runtime",
         "sim/tcp", "sim/queue", "sim/net", "sim/trace", "sim/ns3", "sim/links", "sim/coordinator",
         "sim/bridge", "sim/run", "sim/compare", "sim/doctor", "sim/sweep", "sim/cli", "sim"]

# (file, included file) -> why this is allowed until the needed code has moved.
UPWARD = {}

# A cycle between units (a header and its .cpp are one unit) -> why it exists. Headers never include each
# other in a cycle: a .cpp closes each of these.
BEHIND = "a header whose .cpp makes what implements it or stands behind it"
CIRCLES = {
    ("runtime/net/asio", "runtime/net/io_loop"): BEHIND,
    ("runtime/net/asio_tls", "runtime/net/security"): BEHIND,
    ("runtime/net/frame_channel", "runtime/net/tcp_channel"): BEHIND,
    ("runtime/planner/placement_pass", "runtime/planner/placement_search"): BEHIND,
    ("runtime/stage/bert_layers", "runtime/stage/kwt_layers", "runtime/stage/layers",
     "runtime/stage/post_norm_blocks", "runtime/stage/vit_layers"): BEHIND,
    ("runtime/dataset/dataset", "runtime/dataset/features_file", "runtime/dataset/image_folder",
     "runtime/dataset/shapes_dataset", "runtime/dataset/synthetic_dataset",
     "runtime/dataset/synthetic_features", "runtime/dataset/synthetic_tokens",
     "runtime/dataset/tokens_file"): BEHIND,
}


def is_source(path):
    return path.startswith(("runtime/", "sim/", "analysis/"))


# --- dependencies


def includes_between_sources(tree):
    for path, text in texts(tree, lambda p, _: is_cpp(p) and is_source(p)):
        for line, quoted, included in includes(text):
            if quoted and is_source(included):
                yield path, line, included


def includes_go_down(tree, upward=None):
    upward = UPWARD if upward is None else upward
    needed = set()
    for path, line, included in includes_between_sources(tree):
        source, target = os.path.dirname(path), os.path.dirname(included)
        if source == target:
            continue
        unknown = [folder for folder in (source, target) if folder not in ORDER]
        if unknown:
            yield path, line, f"{unknown[0]} has no place in ORDER ({HERE}); give it one"
        elif ORDER.index(target) > ORDER.index(source):
            if (path, included) in upward:
                needed.add((path, included))
            else:
                yield path, line, (f"{source} stands below {target} and does not include it: {included}; "
                                   f"move down what both need")
    for path, included in sorted(set(upward) - needed):
        yield HERE, 0, f"{path} does not include {included} any more: remove the exception from UPWARD"


def unit(path):
    return path.rsplit(".", 1)[0]


def circles_in(graph):
    """The strongly connected components of more than one node (Tarjan), each sorted."""
    number, lowest, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = lowest[node] = len(number)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in number:
                visit(other)
                lowest[node] = min(lowest[node], lowest[other])
            elif other in stack:
                lowest[node] = min(lowest[node], number[other])
        if lowest[node] == number[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(tuple(sorted(stack[at:])))
            del stack[at:]

    for node in sorted(graph):
        if node not in number:
            visit(node)
    return found


def no_circles(tree, known=None):
    known = CIRCLES if known is None else known
    headers, units = {}, {}
    for path, _, included in includes_between_sources(tree):
        headers.setdefault(path, set()).add(included)
        if unit(path) != unit(included):
            units.setdefault(unit(path), set()).add(unit(included))
    for circle in circles_in(headers):
        yield circle[0], 0, f"headers include each other in a circle: {', '.join(circle)}"
    there = set(circles_in(units))
    for circle in sorted(there - set(known)):
        yield circle[0], 0, (f"is in a circle of files that use each other: {', '.join(circle)}; move what "
                             f"they share into a file of its own (known circles: {HERE})")
    for circle in sorted(set(known) - there):
        yield HERE, 0, f"{', '.join(circle)} are no such circle any more: correct or remove it in CIRCLES"


# --- names in READMEs

SOURCES = (".hpp", ".cpp", ".py", ".proto")


def folder_readmes(tree):
    for folder in sorted({os.path.dirname(p) for p in tree if is_source(p) and p.endswith(SOURCES)}):
        yield folder, tree.get(f"{folder}/README.md") or ""


def readme_names_each_source(tree):
    """A file is named in its folder's README by its name, or by that of its stem: `scenario_plan` and
    `scenario_plan.hpp` stand for the .cpp as well."""
    for folder, readme in folder_readmes(tree):
        named = set(re.findall(r"`([^`\s]+)`", readme))
        for path in sorted(tree):
            if os.path.dirname(path) != folder or not path.endswith(SOURCES):
                continue
            name = os.path.basename(path)
            if not named & {name, unit(name), unit(name) + ".hpp", unit(name) + ".cpp"}:
                yield path, 0, f"is not named in {folder}/README.md: give it a line there"


def files_named_in(readme):
    """(line, name) of every word that a README uses as a file name: `a.cpp` anywhere, and in a table of files
    `a` in its first column too."""
    of_files = False
    for number, line in lines(readme):
        if not line.startswith("|"):
            of_files = False
        elif re.match(r"\|\s*file\s*\|", line):
            of_files = True
        first = line.split("|")[1] if of_files else ""
        names = re.findall(r"`([\w/.]+)`", line)
        for name in names:
            if name.endswith(SOURCES) or (re.fullmatch(r"[a-z]\w*", name) and f"`{name}`" in first):
                yield number, name


def files_named_in_readmes_exist(tree):
    bases = {os.path.basename(p) for p in tree if p.startswith("tests/")}
    paths = set(tree) | {unit(p) for p in tree}
    for folder, readme in folder_readmes(tree):
        for line, name in files_named_in(readme):
            near = os.path.normpath(os.path.join(folder, name))
            if near not in paths and name not in paths and name not in bases:
                yield f"{folder}/README.md", line, f"there is no `{name}`"


RULES = [includes_go_down, no_circles, readme_names_each_source, files_named_in_readmes_exist]
