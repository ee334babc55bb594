#!/usr/bin/env python3
"""Checks this repository against the house rules.   house_test.py ROOT"""

import sys

import house_layout
import house_recipes
import house_rules


def main(root):
    tree = house_rules.read_tree(root)
    if "CMakeLists.txt" not in tree or not any(path.endswith(".cpp") for path in tree):
        sys.exit(f"{root} is not the root of this repository: nothing was checked")
    count = 0
    rules = house_rules.RULES + house_layout.RULES + house_recipes.RULES
    for rule in rules:
        for path, line, finding in rule(tree):
            print(f"{path}:{line}: {finding} [{rule.__name__}]")
            count += 1
    if count:
        sys.exit(f"{count} findings")
    print(f"{len(tree)} files, {len(rules)} rules, nothing found")


if __name__ == "__main__":
    main(sys.argv[1])
