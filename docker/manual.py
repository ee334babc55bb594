#!/usr/bin/env python3
"""Manual pages and bash completion of our programs, generated from their --help.

    docker/manual.py FOLDER PROGRAM...       writes FOLDER/NAME.1.gz and FOLDER/NAME.bash for each"""

import gzip
import re
import subprocess
import sys
from pathlib import Path

VERB = re.compile(r"^  ([a-z][a-z-]*)  +(\S.*)$")
OPTION = re.compile(r"^ +((?:-[A-Za-z],)?--[a-z][a-z0-9-]*)")


def help_of(program, words):
    done = subprocess.run([program, *words, "--help"], stdout=subprocess.PIPE, text=True, check=True)
    # The programs name themselves as they were called.
    return done.stdout.replace(str(program), Path(program).name)


def section(text, title):
    """The lines under `title:` up to the next blank line."""
    found = re.search(rf"^{title}:\n(.*?)(?:\n\n|\Z)", text, re.S | re.M)
    return found.group(1).split("\n") if found else []


def verbs_of(text):
    return [found.groups() for line in section(text, "Subcommands") if (found := VERB.match(line))]


def options_of(text):
    """All options, those of groups (`  Options:`) too."""
    lines = section(text, "Options") + section(text, "  Options")
    return [option for line in lines if (found := OPTION.match(line)) for option in found.group(1).split(",")]


def commands(program, words=()):
    """(words, help) of the program and all its verbs, depth first."""
    text = help_of(program, words)
    yield list(words), text
    for verb, _ in verbs_of(text):
        yield from commands(program, [*words, verb])


def roff(text):
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in lines)


def manual(program):
    name = Path(program).name
    said = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True)
    version = said.stdout.strip()
    every = list(commands(program))
    summary = every[0][1].split("\n")[0].partition(": ")[2].rstrip(".")
    page = [f'.TH {name.upper()} 1 "" "{version}" "User Commands"', ".SH NAME", roff(f"{name} - {summary}"),
            ".SH SYNOPSIS", f".B {name}", roff("VERB [OPTIONS]")]
    for words, text in every:
        page += [f".SH {' '.join(words).upper() or 'COMMAND LINE'}", ".nf", roff(text.strip("\n")), ".fi"]
    return "\n".join(page) + "\n"


def completion(program):
    name = Path(program).name
    function = "_" + name.replace("-", "_")
    cases = []
    for words, text in commands(program):
        offered = [verb for verb, _ in verbs_of(text)] + options_of(text)
        cases.append(f'    "{" ".join(words)}") offered="{" ".join(offered)}" ;;')
    return f"""# bash completion of {name}; made by docker/manual.py from --help
{function}() {{
  local word verbs=() offered=
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [[ $word == [a-z]* && ${{#verbs[@]}} -lt 2 ]] || break
    verbs+=("$word")
  done
  local path="${{verbs[*]}}"
  while :; do
    case $path in
{chr(10).join(cases)}
    esac
    [[ -z $offered && -n $path ]] || break
    [[ $path == *" "* ]] && path=${{path% *}} || path=
  done
  mapfile -t COMPREPLY < <(compgen -W "$offered" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}
complete -o default -o bashdefault -F {function} {name}
"""


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for program in sys.argv[2:]:
        name = Path(program).name
        (folder / f"{name}.1.gz").write_bytes(gzip.compress(manual(program).encode(), 9, mtime=0))
        (folder / f"{name}.bash").write_text(completion(program))
    return 0


if __name__ == "__main__":
    sys.exit(main())
