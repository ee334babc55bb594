#!/usr/bin/env python3
"""Each house rule can fail: it reports the fault of a bad file and nothing in a good one."""

import unittest

import house_binaries
import house_rules as rules

CPP = "#include <vector>\n"


def found(rule, files):
    return [(path, line) for path, line, _ in rule(files)]


class RulesCanFail(unittest.TestCase):
    def bad(self, rule, path, text, line=1, beside=None):
        self.assertIn((path, line), found(rule, {**(beside or {}), path: text}), f"missed {text!r}")

    def good(self, rule, path, text, beside=None):
        self.assertEqual([], [f for f in found(rule, {**(beside or {}), path: text}) if f[0] == path])

    def test_runtime_never_includes_sim(self):
        rule = rules.dependency_direction
        self.bad(rule, "runtime/node/a.cpp", '#include "sim/net/network.hpp"\n')
        self.bad(rule, "runtime/main.cpp", '#include "sim/net/network.hpp"\n')
        self.bad(rule, "tests/node/a_test.cpp", '#include "sim/net/network.hpp"\n')
        self.good(rule, "tests/contract/a_test.cpp", '#include "sim/net/network.hpp"\n')
        self.good(rule, "runtime/node/a.cpp", '#include "runtime/base/time.hpp"\n')

    def test_sim_includes_only_what_the_design_lists(self):
        rule = rules.dependency_direction
        for folder in ("stage", "net"):
            self.bad(rule, "sim/net/a.cpp", f'#include "runtime/{folder}/a.hpp"\n')
            self.bad(rule, "sim/main.cpp", f'#include "runtime/{folder}/a.hpp"\n')
            self.bad(rule, "tests/sim_net/a_test.cpp", f'#include "runtime/{folder}/a.hpp"\n')
        self.bad(rule, "sim/bridge/a.cpp", '#include "runtime/stage/a.hpp"\n')
        self.good(rule, "sim/bridge/a.cpp", '#include "runtime/net/a.hpp"\n')
        self.good(rule, "tests/bridge/a_test.cpp", '#include "runtime/net/a.hpp"\n')
        for folder in ("base", "wire", "scenario", "model", "node", "policy", "codec"):
            self.good(rule, "sim/net/a.cpp", f'#include "runtime/{folder}/a.hpp"\n')

    def test_deployed_code_includes_no_tests(self):
        rule = rules.dependency_direction
        self.bad(rule, "runtime/base/a.cpp", '\n#include "tests/support/a.hpp"\n', line=2)
        self.bad(rule, "sim/net/a.cpp", '#include "tests/support/a.hpp"\n')

    def test_each_third_party_has_one_door(self):
        doors = {
            "ns3/simulator.h": ("sim/ns3/a.cpp", "sim/net/a.cpp"),
            "torch/torch.h": ("runtime/stage/a.cpp", "runtime/codec/a.cpp"),
            "ATen/Parallel.h": ("runtime/training/a.cpp", "tests/bench/a.cpp"),
            "c10/util/Half.h": ("runtime/stage/a.cpp", "runtime/main.cpp"),
            "boost/asio.hpp": ("runtime/net/a.cpp", "sim/coordinator/a.cpp"),
            "boost/asio/ip/tcp.hpp": ("runtime/net/a.cpp", "sim/bridge/a.cpp"),
            "boost/beast/http.hpp": ("runtime/net/a.cpp", "runtime/cli/a.cpp"),
            "yaml-cpp/yaml.h": ("runtime/yaml/a.cpp", "runtime/model/a.cpp"),
            "openssl/evp.h": ("runtime/base/a.cpp", "runtime/stage/a.cpp"),
            "runtime/wire/messages.pb.h": ("runtime/wire/a.cpp", "runtime/net/a.cpp"),
            "google/protobuf/message.h": ("tests/wire/a_test.cpp", "tests/net/a_test.cpp"),
            "spdlog/spdlog.h": ("runtime/base/a.cpp", "sim/main.cpp"),
            "hwy/highway.h": ("runtime/codec/a.cpp", "runtime/stage/a.cpp"),
            "hwy/targets.h": ("tests/codec/a_test.cpp", "tests/stage/a_test.cpp"),
            "sqlite3.h": ("sim/sweep/a.cpp", "sim/run/a.cpp"),
            "jpeglib.h": ("runtime/dataset/a.cpp", "runtime/stage/a.cpp"),
        }
        for included, (inside, outside) in doors.items():
            self.good(rules.one_door, inside, f"#include <{included}>\n")
            self.bad(rules.one_door, outside, f"#include <{included}>\n")
        self.assertEqual(len(rules.DOORS), 10, "a new door needs its line here")

    def test_headers_say_pragma_once(self):
        self.bad(rules.pragma_once, "runtime/base/a.hpp", "// #pragma once\n")
        self.good(rules.pragma_once, "runtime/base/a.hpp", "// what for\n#pragma once\n")

    def test_own_header_comes_first(self):
        beside = {"runtime/base/a.hpp": "#pragma once\n"}
        rule, own = rules.own_header_first, '#include "runtime/base/a.hpp"\n'
        self.bad(rule, "runtime/base/a.cpp", CPP + own, beside=beside)
        self.bad(rule, "runtime/base/a.cpp", "int a;\n", beside=beside)
        self.good(rule, "runtime/base/a.cpp", own + CPP, beside=beside)
        self.good(rule, "runtime/base/b.cpp", CPP, beside=beside)

    def test_includes_start_at_the_root(self):
        beside = {"runtime/base/a.hpp": "#pragma once\n"}
        rule = rules.includes_from_the_root
        self.bad(rule, "runtime/base/a.cpp", '#include "a.hpp"\n', beside=beside)
        self.bad(rule, "runtime/base/a.cpp", '#include "runtime/base/b.hpp"\n', beside=beside)
        self.good(rule, "runtime/base/a.cpp", '#include "runtime/base/a.hpp"\n', beside=beside)

    def test_lines_and_files_have_limits(self):
        self.bad(rules.size_of_files, "sim/a.cpp", "x" * 111 + "\n")
        self.good(rules.size_of_files, "sim/a.cpp", "\u00e9" * 110 + "\n")
        self.bad(rules.size_of_files, "CMakeLists.txt", "x\n" * 401, line=400)
        self.bad(rules.size_of_files, "dev", "#!/usr/bin/env bash\n" + "x" * 111 + "\n", line=2)
        self.good(rules.size_of_files, "sim/a.py", "x\n" * 400)

    def test_prose_is_as_wide_as_code(self):
        wide = "x" * 111 + "\n"
        self.bad(rules.markdown_lines, "README.md", wide)
        self.bad(rules.markdown_lines, "README.md", "```\n```\n" + wide, line=3)
        link = "x" * 90 + " [a](sim/run/README.md).\n"
        for text in ("| " + wide, "    " + wide, "```\n" + wide + "```\n", link):
            self.good(rules.markdown_lines, "README.md", text)

    def test_white_space_is_clean(self):
        self.bad(rules.white_space, "README.md", "a \n")
        self.bad(rules.white_space, "README.md", "a\r\n")
        self.bad(rules.white_space, "sim/a.cpp", "\tint a;\n")
        self.bad(rules.white_space, "sim/a.cpp", "int a;", line=0)
        self.good(rules.white_space, "sim/a.cpp", "int a;\n\n")

    def test_no_folder_of_one_machine_is_named(self):
        for path in ("/wo" "rk/main/x", "in '/ho" "me/me/x'", "open(/fa" "rm/x)"):
            self.bad(rules.no_absolute_paths, "scenarios/a.yaml", f"file: {path}\n")
        self.good(rules.no_absolute_paths, "scenarios/a.yaml", "file: ../net/wo" "rk/x and runs/home/y\n")

    def test_scripts_parse(self):
        self.bad(rules.scripts_parse, "dev", "#!/usr/bin/env bash\nif true; then\n", line=0)
        self.bad(rules.scripts_parse, "analysis/a.py", "def f(:\n")
        self.good(rules.scripts_parse, "dev", "#!/usr/bin/env bash\nif true; then :; fi\n")
        self.good(rules.scripts_parse, "analysis/a.py", "def f():\n    pass\n")

    def test_each_folder_says_what_is_in_it(self):
        rule = rules.readme_in_each_folder
        self.assertEqual([("sim/net", 0)], found(rule, {"sim/net/a.cpp": ""}))
        test = {"tests/net/a.cpp": ""}
        self.assertEqual([("tests/net", 0)], found(rule, {**test, "tests/README.md": "`wire/`"}))
        self.assertEqual([], found(rule, {**test, "tests/README.md": "`net/`"}))
        self.assertEqual([], found(rule, {"sim/net/a.cpp": "", "sim/net/README.md": ""}))

    def test_banned_words(self):
        for text in ("std::random_device d;", "int i = rand();", "srand(1);", "std::mt19937_64 g;",
                     "auto t = time(0);", "std::time(nullptr);", "std::regex r(s);", "#include <regex>",
                     "using namespace std;"):
            self.bad(rules.banned_words, "sim/net/a.cpp", text + "\n")
        for text in ("// rand() is banned", 'log("rand()");', "operand(1);", "x.time(0);",
                     "int n = 1'000 + rand_;", 'R"(std::regex)";', "/* time(0)\n rand() */"):
            self.good(rules.banned_words, "sim/net/a.cpp", text + "\n")

    def test_a_digit_separator_hides_nothing(self):
        self.bad(rules.banned_words, "sim/net/a.cpp", "int n = 1'000;\nint i = rand() + 2'000;\n", line=2)

    def test_pure_folders_read_no_clock(self):
        text = "auto t = std::chrono::steady_clock::now();\n"
        self.bad(rules.no_clock, "runtime/node/a.cpp", text)
        self.bad(rules.no_clock, "sim/net/a.hpp", text)
        self.good(rules.no_clock, "runtime/net/a.cpp", text)

    def test_a_clock_is_found_under_any_name(self):
        for text in ("using C = std::chrono::steady_clock;", "typedef std::chrono::system_clock C;",
                     "namespace chr = std::chrono;", "using namespace std::chrono;",
                     "using std::chrono::high_resolution_clock;", "auto t = C::now();",
                     "auto t = C :: now ();",
                     "auto f = &Wall::now;", "auto t = decltype(began)::clock::now();",
                     "auto t = time(nullptr);", "auto t = std::time(0);", "::time(&t);", "auto c = clock();",
                     "auto c = std::clock();", "auto f = &std::time;", "clock_gettime(CLOCK_MONOTONIC, &t);",
                     "gettimeofday(&t, nullptr);", "timespec_get(&t, TIME_UTC);", "auto c = __rdtsc();",
                     "#include <ctime>", "template <class C> auto f() { return C::now(); }"):
            self.bad(rules.no_clock, "runtime/policy/a.cpp", text + "\n")
            self.good(rules.no_clock, "runtime/node/wall_node.cpp", text + "\n")
        self.bad(rules.no_clock, "sim/net/a.cpp", "auto t = std::chrono::steady_clock::\n    now();\n")
        self.bad(rules.no_clock, "sim/net/a.cpp", "auto t = C::\n    now();\n", line=2)
        for text in ("Time t = Simulation::now();", "Time t = network.now();", "// steady_clock::now()",
                     "Time now() const { return now_; }", "int time(int from);", "x.time();", "x->clock();",
                     "fmt::format(\"{}\", time(from));", "#include <chrono>", "Duration runtime();",
                     "std::chrono::nanoseconds pause;", "Network::nowhere();"):
            self.good(rules.no_clock, "sim/net/a.cpp", text + "\n")

    def test_own_options_do_without_precompiled_headers(self):
        rule, path = rules.own_options_without_precompiled_headers, "runtime/a/CMakeLists.txt"
        for text in ("target_compile_options(a PRIVATE -ffp-contract=off)",
                     "target_compile_options(a PRIVATE\n -Wall -O2)",
                     "set_source_files_properties(b.cpp PROPERTIES COMPILE_OPTIONS -mavx2)",
                     "target_compile_options(a PRIVATE -fno-x)\n"
                     "# set_target_properties(a PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)",
                     "target_compile_options(a PRIVATE -fno-x)\n"
                     "set_target_properties(b PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)"):
            self.bad(rule, path, text + "\n")
        for text in ("target_compile_options(a PRIVATE -Wno-shadow)",
                     "set_source_files_properties(a.cpp PROPERTIES COMPILE_OPTIONS -O2\n"
                     " SKIP_PRECOMPILE_HEADERS ON)",
                     "target_compile_options(a PRIVATE -fno-x)\n"
                     "set_target_properties(a PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)"):
            self.good(rule, path, text + "\n")

    def test_nothing_is_left_to_do(self):
        for word in ("TO" "DO", "FIX" "ME", "X" "XX"):
            self.bad(rules.nothing_left_to_do, "README.md", f"x\n{word}: later\n", line=2)
        self.good(rules.nothing_left_to_do, "README.md", "mktemp a.XXXXXX\n")


class BinariesCanFail(unittest.TestCase):
    LDD = "\tlibc10.so.1.13 => a/libc10.so.1.13 (0x1)\n\tlibns3.37-core.so => b/libns3.37-core.so (0x2)\n"

    def test_a_forbidden_library_is_found(self):
        self.assertEqual(["libc10.so.1.13"], house_binaries.forbidden(self.LDD, "millrace"))
        self.assertEqual(["libns3.37-core.so"], house_binaries.forbidden(self.LDD, "millrace-node"))

    def test_others_are_allowed(self):
        self.assertEqual([], house_binaries.forbidden("\tlibc.so.6 => c/libc.so.6 (0x1)\n", "millrace"))

    def test_an_empty_list_is_no_proof(self):
        with self.assertRaises(ValueError):
            house_binaries.forbidden("", "millrace")

    def test_real_programs_are_read(self):
        self.assertIn("libc.so", house_binaries.linked("/bin/ls"))


if __name__ == "__main__":
    unittest.main()
