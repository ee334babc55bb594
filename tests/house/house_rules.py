"""The house rules that a program can check, as functions from files to findings.

A rule takes a tree (path from the root of the repository -> text) and yields (path, line or 0, finding). Only
`read_tree` reads the disk, so that self_test.py can give each rule a bad file."""

import ast
import os
import re
import subprocess

# --- reading

CODE = (".cpp", ".hpp", ".py", ".sh", ".cmake", ".proto")
TEXT = CODE + (".md", ".txt", ".yaml", ".yml", ".json", ".html", ".service")
SKIPPED_FOLDERS = {"build", "runs", ".git", "__pycache__"}
LARGEST_TEXT = 1 << 20


def read_tree(root):
    """The text files under root. Other files (traces, pictures) have None as their text."""
    tree = {}
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for name in sorted(files):
            full = os.path.join(folder, name)
            path = os.path.relpath(full, root)
            if os.path.islink(full) or os.path.getsize(full) > LARGEST_TEXT:
                continue
            with open(full, "rb") as file:
                content = file.read()
            text = name.endswith(TEXT) or name.startswith(".clang-") or content.startswith(b"#!")
            tree[path] = content.decode("utf-8", "replace") if text else None
    return tree


def is_cpp(path):
    return path.endswith((".cpp", ".hpp"))


def is_code(path, text):
    return path.endswith(CODE) or path.endswith("CMakeLists.txt") or text.startswith("#!")


def texts(tree, wanted):
    return [(path, text) for path, text in tree.items() if text is not None and wanted(path, text)]


def lines(text):
    return enumerate(text.split("\n"), 1)


def includes(text):
    """(line, "path" or <path> as written, path) of every #include."""
    for number, line in lines(text):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found.group(1) == '"', found.group(2)


TOKENS = re.compile(
    r'(?P<raw>R"(?P<mark>[^()\s]*)\(.*?\)(?P=mark)")|(?P<comment>//[^\n]*|/\*.*?\*/)'
    r'|(?P<string>"(?:\\.|[^"\\\n])*")|(?P<char>(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\')',
    re.S,
)


def code_only(text):
    """C++ without comments and without the content of strings; lines keep their numbers."""
    return TOKENS.sub(lambda found: '""' + "\n" * found.group(0).count("\n"), text)


# --- allowed includes

SIM_MAY_USE = {"base", "yaml", "wire", "scenario", "model", "node", "planner", "policy", "codec",
               "conductor", "shaping", "weights"}
MAY_USE_TOO = {"sim/bridge": {"net"}, "sim/cli": {"cli"}}

# Third party -> the only folders whose files may include it.
DOORS = {
    "ns-3": (r"ns3/", ["sim/ns3"]),
    "LibTorch": (r"(torch|ATen|c10|caffe2)/", ["runtime/stage", "runtime/training"]),
    "Boost.Asio": (r"(boost/(asio|beast)|asio)(/|\.hpp)", ["runtime/net", "sim/links"]),
    "yaml-cpp": (r"yaml-cpp/", ["runtime/yaml"]),
    "OpenSSL": (r"openssl/", ["runtime/base", "runtime/net"]),
    "Protocol Buffers": (r"google/protobuf/|.*\.pb\.h$", ["runtime/wire", "sim/run"]),
    "spdlog": (r"spdlog/", ["runtime/base"]),
    "Highway": (r"hwy/", ["runtime/codec"]),
    "SQLite": (r"sqlite3\.h$", ["sim/sweep"]),
    "libjpeg": (r"(jpeglib|jerror|jconfig|turbojpeg)\.h$", ["runtime/dataset"]),
}

# Tests of the whole system may include any source folder; every other test folder belongs to one source
# folder.
WHOLE_TESTS = {"contract", "system", "fidelity", "bench", "fuzz", "support", "house"}
TESTED_IN_SIM = {"sim_net": "sim/net", "sim_tcp": "sim/tcp", "sim_queue": "sim/queue",
                 "sim_trace": "sim/trace", "sim_ns3": "sim/ns3",
                 "coordinator": "sim/coordinator", "bridge": "sim/bridge", "run": "sim/run",
                 "doctor": "sim/doctor", "sweep": "sim/sweep", "compare": "sim/compare",
                 "links": "sim/links"}


def stands_for(path):
    """The source folder whose rules apply to this file: its own, or the one it tests. None: any folder."""
    parts = path.split("/")
    if parts[0] != "tests":
        return "/".join(parts[:-1])
    folder = parts[1] if len(parts) > 2 else ""
    if folder in WHOLE_TESTS or not folder:
        return None
    return TESTED_IN_SIM.get(folder, "runtime/" + folder)


def within(folder, door):
    return folder == door or folder.startswith(door + "/")


def dependency_direction(tree):
    for path, text in texts(tree, lambda p, _: is_cpp(p)):
        folder = stands_for(path)
        for line, _, included in includes(text):
            target = included.split("/")
            if target[0] == "tests" and not path.startswith("tests/"):
                yield path, line, f"what is deployed does not include tests: {included}"
            if folder is None:
                continue
            if target[0] == "sim" and not folder.startswith("sim"):
                yield path, line, f"runtime never includes sim: {included}"
            if target[0] == "runtime" and folder.startswith("sim"):
                too = (more for door, more in MAY_USE_TOO.items() if within(folder, door))
                allowed = SIM_MAY_USE.union(*too)
                if target[1] not in allowed:
                    yield path, line, f"{folder} does not include runtime/{target[1]}: {included}"


def one_door(tree):
    for path, text in texts(tree, lambda p, _: is_cpp(p)):
        folder = stands_for(path) or path
        for line, _, included in includes(text):
            for name, (pattern, doors) in DOORS.items():
                if re.match(pattern, included) and not any(within(folder, door) for door in doors):
                    yield path, line, f"{name} only in {' and '.join(doors)}: {included}"


# --- form of a file


def pragma_once(tree):
    for path, text in texts(tree, lambda p, _: p.endswith(".hpp")):
        if not re.search(r"^#pragma once$", text, re.M):
            yield path, 1, "has no #pragma once"


def own_header_first(tree):
    for path, text in texts(tree, lambda p, _: p.endswith(".cpp")):
        own = path[: -len(".cpp")] + ".hpp"
        first = next(includes(text), None)
        if own in tree and (first is None or first[2] != own):
            yield path, first[0] if first else 1, f'its first include must be "{own}"'


def includes_from_the_root(tree):
    for path, text in texts(tree, lambda p, _: is_cpp(p)):
        for line, quoted, included in includes(text):
            if quoted and not included.startswith(("runtime/", "sim/", "tests/")):
                yield path, line, f'"{included}" is not a path from the root of the repository'
            elif quoted and not included.endswith(".pb.h") and included not in tree:
                yield path, line, f'there is no "{included}"'


def size_of_files(tree, longest_line=110, most_lines=400):
    for path, text in texts(tree, is_code):
        if text.count("\n") > most_lines:
            yield path, most_lines, f"has {text.count(chr(10))} lines, more than {most_lines}"
        for number, line in lines(text):
            if len(line) > longest_line and "http" not in line:
                yield path, number, f"is {len(line)} characters long, more than {longest_line}"


# Written by a program; lines that hold generated figures may be longer.
GENERATED_TEXT = {"analysis/REPRODUCTIONS.md"}


def markdown_lines(tree, longest_line=110):
    """Prose is as wide as code. Tables, code blocks and links may be wider."""
    for path, text in texts(tree, lambda p, _: p.endswith(".md") and p not in GENERATED_TEXT):
        fenced = False
        for number, line in lines(text):
            fenced ^= line.startswith("```")
            prose = not fenced and not line.startswith(("|", "    "))
            if prose and len(line) > longest_line and not re.search(r"\]\(\S+\)\S*$", line):
                yield path, number, f"is {len(line)} characters long, more than {longest_line}"


def white_space(tree):
    for path, text in texts(tree, lambda *_: True):
        for number, line in lines(text):
            if line != line.rstrip():
                yield path, number, "ends in white space"
            if "\t" in line and is_code(path, text):
                yield path, number, "has a tab"
        if text and not text.endswith("\n"):
            yield path, 0, "does not end with a line break"


def no_absolute_paths(tree):
    for path, text in texts(tree, lambda *_: True):
        for number, line in lines(text):
            if re.search(r"(?<![\w.$}*~/-])/(?:work|home|farm|Users)/\w", line):
                yield path, number, "names a folder of one machine"


def scripts_parse(tree):
    for path, text in texts(tree, lambda p, t: p.endswith(".py") or t.startswith("#!")):
        if path.endswith(".py") or "python" in text.split("\n")[0]:
            try:
                ast.parse(text)
            except SyntaxError as error:
                yield path, error.lineno or 1, f"is no Python: {error.msg}"
        elif re.match(r"#!.*\b(ba)?sh\b", text):
            parsed = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
            if parsed.returncode:
                yield path, 0, parsed.stderr.strip()


def readme_in_each_folder(tree):
    listed = tree.get("tests/README.md") or ""
    for folder in sorted({os.path.dirname(path) for path in tree if path.endswith((".cpp", ".hpp", ".py"))}):
        parts = folder.split("/")
        if f"{folder}/README.md" in tree or folder == "":
            continue
        if parts[0] == "tests":
            if len(parts) == 2 and f"`{parts[1]}/`" not in listed:
                yield folder, 0, "has neither a README.md nor a line in tests/README.md"
        else:
            yield folder, 0, "has code and no README.md"


# --- banned text

BANNED = {
    r"\brandom_device\b": "random numbers come from Random(seed, stream)",
    r"(?<![\w.>])(?:std::)?s?rand\s*\(": "random numbers come from Random(seed, stream)",
    r"\bmt19937": "random numbers come from Random(seed, stream)",
    r"(?<![\w.>])(?:std::)?time\s*\(\s*(?:0|NULL|nullptr)\s*\)": "time is a parameter",
    r"\bstd::regex\b|#\s*include\s*<regex>": "std::regex overflows the stack on hostile input",
    r"\busing namespace std\b": "names say where they are from",
}

# Time is a parameter here: only drivers, and code that measures compute, hold a clock.
NO_CLOCK = ["runtime/model", "runtime/codec", "runtime/planner", "runtime/policy", "runtime/node",
            "runtime/scenario", "runtime/yaml",
            "runtime/wire", "sim/net", "sim/ns3", "sim/tcp", "sim/queue"]
# The one driver in these folders: it connects nodes to the clock.
MAY_READ_A_CLOCK = {"runtime/node/wall_node.hpp", "runtime/node/wall_node.cpp"}
# Any mention of a clock is a finding (an alias or typedef has its clock's name where it is declared), and so
# is `X::now` for any X, except those of simulated time.
CLOCKS = re.compile("|".join((
    r"\b(?:steady|system|high_resolution|utc|tai|gps|file)_clock\b",
    r"(?<!\bSimulation)(?<!\bSimulator)\s*::\s*now\b",
    r"\b(?:clock_gettime|clock_getres|clock_nanosleep|gettimeofday|timespec_get|ftime|localtime|gmtime)\b",
    r"\b(?:_rdtsc|__rdtscp?|__builtin_ia32_rdtscp?|__builtin_readcyclecounter)\b",
    r"(?:(?<![\w.>:])|(?<![\w>])(?:std)?::)(?:time|clock)\s*\(\s*(?:0|NULL|nullptr|&\s*\w+)?\s*\)",
    r"&\s*(?:std)?::(?:time|clock)\b",
    r"#\s*include\s*<(?:ctime|time\.h|sys/time\.h|sys/timeb\.h|x86intrin\.h)>",
    r"\busing\s+namespace\s+std::chrono\b",
    r"\bnamespace\s+\w+\s*=\s*(?:::)?std::chrono\b")))


def banned_words(tree):
    for path, text in texts(tree, lambda p, _: is_cpp(p)):
        for number, line in lines(code_only(text)):
            for pattern, why in BANNED.items():
                if re.search(pattern, line):
                    yield path, number, f"{why}: {line.strip()}"


def no_clock(tree):
    for path, text in texts(tree, lambda p, _: is_cpp(p)):
        if path in MAY_READ_A_CLOCK or not any(path.startswith(folder + "/") for folder in NO_CLOCK):
            continue
        code = code_only(text)
        for found in CLOCKS.finditer(code):
            number = code.count("\n", 0, found.end()) + 1
            line = code.split("\n")[number - 1].strip()
            yield path, number, f"reads a clock; time is a parameter here: {line}"


def nothing_left_to_do(tree):
    for path, text in texts(tree, lambda *_: True):
        for number, line in lines(text):
            if re.search(r"\b(TO[D]O|FIX[M]E|X[X]X)\b", line):
                yield path, number, f"leaves something to do: {line.strip()}"


# --- precompiled headers

# Options of code generation; warnings and definitions do no harm.
GENERATION = r"(?<![\w-])-[fOmg][\w-]"


def own_options_without_precompiled_headers(tree):
    """g++ takes its options of code generation from a precompiled header, without a word."""
    for path, text in texts(tree, lambda path, _: path.endswith("/CMakeLists.txt")):
        code = re.sub(r"#[^\n]*", lambda comment: " " * len(comment.group()), text)
        for call in re.finditer(r"\b(target_compile_options|set_\w*propert\w*)\s*\(\s*(\w+)([^)]*)\)", code):
            if not re.search(GENERATION, call.group(3)):
                continue
            kept_out = r"\b(SKIP|DISABLE)_PRECOMPILE_HEADERS ON\b"
            target = rf"set_target_properties\s*\(\s*{call.group(2)}\b[^)]*{kept_out}"
            if not re.search(kept_out, call.group(3)) and not re.search(target, code):
                yield (path, code.count("\n", 0, call.start()) + 1,
                       f"{call.group(2)} has options of its own, which a precompiled header overrides: set "
                       "DISABLE_PRECOMPILE_HEADERS of the target, or SKIP_PRECOMPILE_HEADERS of the sources")


RULES = [dependency_direction, one_door, pragma_once, own_header_first, includes_from_the_root, size_of_files,
         markdown_lines,
         white_space, no_absolute_paths, scripts_parse, readme_in_each_folder, banned_words, no_clock,
         nothing_left_to_do, own_options_without_precompiled_headers]
