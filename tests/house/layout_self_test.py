#!/usr/bin/env python3
"""Each layout rule can fail: it reports the fault of a bad tree and nothing in a good one."""

import unittest

import house_layout as layout
import house_recipes as recipes


def include(*paths):
    return "".join(f'#include "{path}"\n' for path in paths)


def found(rule, tree, *known):
    return [(path, line) for path, line, _ in rule(tree, *known)]


class IncludesGoDown(unittest.TestCase):
    UP = {"runtime/base/a.cpp": "int a;\n" + include("runtime/net/b.hpp"), "runtime/net/b.hpp": ""}

    def test_an_arrow_upwards_is_found_where_it_starts(self):
        self.assertEqual([("runtime/base/a.cpp", 2)], found(layout.includes_go_down, self.UP, {}))
        up = {"sim/net/a.hpp": include("sim/run/b.hpp")}
        self.assertEqual([("sim/net/a.hpp", 1)], found(layout.includes_go_down, up, {}))

    def test_arrows_down_and_within_a_folder_are_fine(self):
        tree = {"runtime/net/b.hpp": include("runtime/base/a.hpp", "runtime/net/c.hpp"),
                "sim/run/a.cpp": include("runtime/node/a.hpp", "sim/net/a.hpp"),
                "sim/run/b.cpp": "#include <sim/cli/a.hpp>\n",
                "tests/base/a_test.cpp": include("runtime/net/b.hpp")}
        self.assertEqual([], found(layout.includes_go_down, tree, {}))

    def test_a_folder_without_a_place_is_found(self):
        tree = {"runtime/rooms/a.hpp": include("runtime/base/a.hpp")}
        self.assertEqual([("runtime/rooms/a.hpp", 1)], found(layout.includes_go_down, tree, {}))

    def test_an_exception_is_for_one_include_and_only_as_long_as_it_is_needed(self):
        known = {("runtime/base/a.cpp", "runtime/net/b.hpp"): "a reason"}
        self.assertEqual([], found(layout.includes_go_down, self.UP, known))
        gone = {"runtime/base/a.cpp": ""}
        self.assertEqual([(layout.HERE, 0)], found(layout.includes_go_down, gone, known))
        other = {**self.UP, "runtime/base/c.hpp": include("runtime/net/b.hpp")}
        self.assertEqual([("runtime/base/c.hpp", 1)], found(layout.includes_go_down, other, known))


class NoCircles(unittest.TestCase):
    # a.cpp -> b.hpp -> c.hpp -> a.hpp: the headers form no cycle, but the units do.
    TREE = {"sim/run/a.cpp": include("sim/run/a.hpp", "sim/run/b.hpp"), "sim/run/a.hpp": "",
            "sim/run/b.hpp": include("sim/run/c.hpp"), "sim/run/c.hpp": include("sim/run/a.hpp")}
    CIRCLE = ("sim/run/a", "sim/run/b", "sim/run/c")

    def test_a_circle_through_a_cpp_is_found(self):
        self.assertEqual([("sim/run/a", 0)], found(layout.no_circles, self.TREE, {}))

    def test_a_cpp_and_its_own_header_are_no_circle(self):
        tree = {"sim/run/a.cpp": include("sim/run/a.hpp"), "sim/run/a.hpp": include("sim/run/b.hpp")}
        self.assertEqual([], found(layout.no_circles, tree, {}))

    def test_a_known_circle_is_allowed_as_it_is_and_only_as_long_as_it_is_there(self):
        known = {self.CIRCLE: "a reason"}
        self.assertEqual([], found(layout.no_circles, self.TREE, known))
        self.assertEqual([(layout.HERE, 0)], found(layout.no_circles, {"sim/run/a.cpp": ""}, known))
        smaller = {**self.TREE, "sim/run/b.hpp": include("sim/run/a.hpp")}
        self.assertEqual([("sim/run/a", 0), (layout.HERE, 0)], found(layout.no_circles, smaller, known))

    def test_a_circle_of_headers_is_never_allowed(self):
        tree = {"sim/run/a.hpp": include("sim/run/b.hpp"), "sim/run/b.hpp": include("sim/run/a.hpp")}
        known = {("sim/run/a", "sim/run/b"): "a reason"}
        self.assertEqual([("sim/run/a.hpp", 0)], found(layout.no_circles, tree, known))

    def test_two_circles_are_two_findings(self):
        two = {**self.TREE, "runtime/net/x.cpp": include("runtime/net/y.hpp"),
               "runtime/net/y.cpp": include("runtime/net/x.hpp")}
        self.assertEqual([("runtime/net/x", 0), ("sim/run/a", 0)], found(layout.no_circles, two, {}))


class ReadmesNameWhatIsThere(unittest.TestCase):
    def unnamed(self, name, readme):
        tree = {f"sim/run/{name}": "", "sim/run/README.md": readme}
        return found(layout.readme_names_each_source, tree)

    def test_a_source_that_no_readme_names_is_found(self):
        for name in ("a.cpp", "a.hpp", "a.py", "a.proto"):
            self.assertEqual([(f"sim/run/{name}", 0)], self.unnamed(name, "a.cpp, `ab.cpp`, `b/a.cpp`"))
        bare = {"sim/run/a.cpp": ""}
        self.assertEqual([("sim/run/a.cpp", 0)], found(layout.readme_names_each_source, bare))

    def test_its_name_its_stem_or_its_other_half_name_it(self):
        for readme in ("`a.cpp`", "| `a` |", "* `a.hpp`: what"):
            self.assertEqual([], self.unnamed("a.cpp", readme))

    def gone(self, readme):
        tree = {"sim/run/a.hpp": "", "sim/net/b.cpp": "", "tests/run/t_test.cpp": "",
                "sim/run/README.md": readme}
        return found(layout.files_named_in_readmes_exist, tree)

    def test_a_file_that_is_not_there_is_found(self):
        for line in ("see `b.hpp`", "| `a.cpp` | what |", "`sim/net/c.cpp`", "`../net/c.cpp`"):
            self.assertEqual([("sim/run/README.md", 2)], self.gone("x\n" + line))
        table = "| file | what |\n|---|---|\n| `a`, `c` | `d` |"
        self.assertEqual([("sim/run/README.md", 3)], self.gone(table))

    def test_files_that_are_there_and_other_words_are_fine(self):
        tables = "| file | what |\n|---|---|\n| `a` | `some_word` |\n\n| key | what |\n|---|---|\n| `b` | x |"
        for text in ("`a.hpp`", "`sim/net/b.cpp`", "`../net/b.cpp`", "`t_test.cpp`", "`Network`",
                     "`cells.csv`", tables):
            self.assertEqual([], self.gone(text))


class Recipes(unittest.TestCase):
    ONE = {"a codec": (r'"abc"', ["runtime/codec/registry.cpp"], ["sim/run/a.cpp"])}
    TREE = {"runtime/codec/registry.cpp": 'f("abc");\n', "sim/run/a.cpp": 'if (a == "abc") b();\n',
            "CONTRIBUTING.md": "| a codec | 1 | `runtime/codec/registry.cpp`; and `x` |\n"}

    def test_what_the_recipe_says_is_fine(self):
        self.assertEqual([], found(recipes.recipes_hold, self.TREE, self.ONE))
        self.assertEqual([], found(recipes.recipes_are_told, self.TREE, self.ONE))
        told = {**self.TREE, "sim/run/b.cpp": '// "abc"\n', "tests/codec/a_test.cpp": 'f("abc");\n'}
        self.assertEqual([], found(recipes.recipes_hold, told, self.ONE))

    def test_a_second_list_is_found(self):
        second = {**self.TREE, "runtime/scenario/choices.hpp": 'f("abc");\n'}
        self.assertEqual([("runtime/scenario/choices.hpp", 0)], found(recipes.recipes_hold, second, self.ONE))

    def test_a_file_that_is_no_longer_needed_is_found(self):
        less = {**self.TREE, "sim/run/a.cpp": ""}
        self.assertEqual([(recipes.HERE, 0)], found(recipes.recipes_hold, less, self.ONE))

    def test_what_contributing_says_otherwise_is_found(self):
        for page in ("", "| a codec | 1 | `runtime/codec/codec.cpp` |\n", "| a codec | 1 | nothing |\n",
                     "| a codec | 2 | `runtime/codec/registry.cpp` |\n"):
            self.assertNotEqual([], found(recipes.recipes_are_told, {"CONTRIBUTING.md": page}, self.ONE))


if __name__ == "__main__":
    unittest.main()
