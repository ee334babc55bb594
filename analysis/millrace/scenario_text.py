"""A resolved scenario as keys and values, without a YAML library: it reads what millrace writes (mappings,
lists of mappings, flow sequences as text), which is all that a run directory holds."""


def keys_of(text):
    """{"network.links[1].rate": "10 Mbit/s", …} in the order of the text."""
    keys, stack, counts = {}, [], {}  # stack: (indentation, path)
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        indentation = len(line) - len(line.lstrip())
        while bare.startswith("- "):
            stack = [entry for entry in stack if entry[0] < indentation]
            parent = stack[-1][1] if stack else ""
            number = counts.get(parent, 0)
            counts[parent] = number + 1
            path = f"{parent}[{number}]"
            stack.append((indentation, path))
            bare = bare[2:].lstrip()
            indentation += 2
            if not _is_entry(bare):
                keys[path] = _plain(bare)
                bare = ""
        if not bare:
            continue
        stack = [entry for entry in stack if entry[0] < indentation]
        name, _, value = _split(bare)
        path = f"{stack[-1][1]}.{name}" if stack else name
        if value:
            keys[path] = _plain(value)
        else:
            stack.append((indentation, path))
            counts.pop(path, None)
    return keys


def differences(texts):
    """[(key, [value of each text or None])] of the keys that are not equal in all."""
    each = [keys_of(text) for text in texts]
    every = dict.fromkeys(key for keys in each for key in keys)
    return [
        (key, [keys.get(key) for keys in each]) for key in every if len({keys.get(key) for keys in each}) > 1
    ]


def _is_entry(text):
    name, colon, _ = _split(text)
    return bool(colon) and not text.startswith(("[", "{", '"')) and " " not in name


def _split(text):
    name, colon, value = text.partition(":")
    if colon and value and not value.startswith(" "):
        return text, "", ""
    return name.strip(), colon, value.strip()


def _plain(value):
    quoted = len(value) >= 2 and value[0] == value[-1] == '"'
    return value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if quoted else value
