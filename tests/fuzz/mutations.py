"""A scenario as a tree of maps, lists and texts, and mutations of it that follow the JSON Schema."""
import copy
import glob
import json
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCENARIOS = os.path.join(ROOT, "scenarios")
with open(os.path.join(SCENARIOS, "millrace.schema.json"), encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)
TRACES = sorted(glob.glob(os.path.join(ROOT, "traces", "*.csv")))
PLAIN = re.compile(r"[A-Za-z0-9./][A-Za-z0-9./_+-]*( [A-Za-z/]+)?$")
ODD_NAMES = ["a-b", "a->b", "-", "x" * 64, "x" * 65, "..", "a/b", "a b", "ü", "0", "no", "null", "a.b",
             "host", "*", ""]
NUMBERS = ["0", "1", "0.001", "0.000000001", "0.3", "2", "7", "99", "1000", "65535", "65536", "1000000",
           "999999999", "1000000000", "2147483647", "2147483648", "9223372036854775807",
           "9223372036854775808",
           "18446744073709551615", "18446744073709551616", "1" + "0" * 30]
BROKEN = ["", "-1", "1e9", "NaN", ".inf", "0x10", "1_000", "01", "nonsense", "5", "5 parsecs", "20 MB/s",
          "3 s", "10 Mbit/s", "true", "~", "a" * 5000]


# --- the text: here every scalar is a text, as in the file

def emit(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{emit(key)}: {emit(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{emit(key)}: {emit(item)}" for key, item in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(emit(item) for item in value) + "]"
    if PLAIN.match(value) and value not in ("no", "on", "yes", "off", "null"):
        return value
    return json.dumps(value)


class Pairs(list):
    """A map with a key twice."""


def text_of(document):
    return "".join(f"{key}: {emit(value)}\n" for key, value in document.items())


# --- values by schema

def units_of(schema):
    found = re.search(r"\*\(([^()]*)\)\$$", schema.get("pattern", ""))
    return found.group(1).split("|") if found else None


class Mutator:
    def __init__(self, rng, document):
        self.rng, self.document = rng, copy.deepcopy(document)

    def names(self):
        names = [d.get("name", "x") for d in self.maps("devices")]
        names += [n for n in self.section("network").get("switches", []) if isinstance(n, str)]
        names += [s["hub"] for s in self.maps("network", "segments") if isinstance(s.get("hub"), str)]
        return [name for name in names if isinstance(name, str)] or ["x"]

    def section(self, *path):
        value = self.document
        for key in path:
            value = value.get(key, {}) if isinstance(value, dict) else {}
        return value if isinstance(value, dict) else {}

    def maps(self, *path):
        value = self.section(*path[:-1]).get(path[-1], [])
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def quantity(self, units):
        if self.rng.random() < 0.6:
            number = self.rng.choice(["1", "2", "10", "50", "100", "0.5", "1000", "0"])
        else:
            number = self.rng.choice(NUMBERS)
        return f"{number} {self.rng.choice(units)}"

    def number(self, schema):
        low, high = schema.get("minimum", 0), schema.get("maximum", 2**63)
        whole = schema.get("type") == "integer"
        pick = self.rng.random()
        if pick < 0.25:
            return str(self.rng.choice([low, high, low + 1, high - 1, high + 1, low - 1]))
        if pick < 0.75:
            top = min(high, 64)
            if not whole:
                return f"{self.rng.uniform(low, top):.4f}"
            return str(self.rng.randint(int(low), max(int(low), int(top))))
        return self.rng.choice(NUMBERS)

    def value(self, schema, path):
        """A value by a key's schema, mostly a valid one."""
        if "enum" in schema or "const" in schema:
            return str(self.rng.choice(schema.get("enum", [schema.get("const")])))
        kind = schema.get("type")
        if kind == "object":
            return self.map_of(schema, path)
        if kind == "array":
            low, high = schema.get("minItems", 0), schema.get("maxItems", 3)
            count = self.rng.choice([low, min(high, low + 1), min(high, 3)]) if "items" in schema else 0
            return [self.value(schema["items"], path + ["[]"]) for _ in range(count)]
        if kind in ("integer", "number"):
            return self.number(schema)
        units = units_of(schema)
        if units:
            sign = self.rng.choice([">= ", "<= "]) if schema["pattern"].startswith("^(>=") else ""
            return sign + self.quantity(units)
        return self.text(schema, path[-1] if path[-1] != "[]" else path[-2])

    def text(self, schema, key):
        if key in ("trace", "delay_trace", "loss_trace"):
            return self.rng.choice(TRACES)
        if key == "dataset":
            return self.rng.choice(["synthetic", "shapes", "features:none.safetensors"])
        if key in ("link", "pcap"):
            return self.rng.choice(["-", "->"]).join(self.rng.choices(self.names(), k=2))
        if "pattern" in schema and self.rng.random() < 0.9:  # a name
            return self.rng.choice(self.names())
        return self.rng.choice(ODD_NAMES)

    def map_of(self, schema, path):
        made = {}
        properties = schema.get("properties", {})
        for key, inner in properties.items():
            if key in schema.get("required", []) or self.rng.random() < 0.2:
                made[key] = self.value(inner, path + [key])
        return made

    # --- places

    def places(self):
        """(container, key, schema, path) of every place in the tree."""
        found = []

        def walk(value, schema, path):
            items = []
            if isinstance(value, dict):
                items = [(key, schema.get("properties", {}).get(key, {})) for key in value]
            elif isinstance(value, list):
                items = [(i, schema.get("items", {})) for i in range(len(value))]
            for key, inner in items:
                where = path + [key if isinstance(key, str) else "[]"]
                found.append((value, key, inner, where))
                walk(value[key], inner, where)

        walk(self.document, SCHEMA, [])
        return found

    def mutate(self):
        kinds = [(self.replace, 30), (self.add_key, 15), (self.delete, 3), (self.break_value, 2),
                 (self.swap, 1),
                 (self.twice, 1), (self.key_twice, 1), (self.odd_name, 4), (self.many_devices, 4),
                 (self.a_star, 5), (self.a_link, 5), (self.an_event, 8), (self.traffic, 6), (self.no_list, 1),
                 (self.a_sweep, 3), (self.other_model, 8), (self.dimensions, 8), (self.plan_kind, 10),
                 (self.adaptive, 8)]
        change = self.rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        change()

    def replace(self):
        container, key, schema, path = self.rng.choice(self.places())
        if schema:
            container[key] = self.value(schema, path)

    def break_value(self):
        container, key, _, _ = self.rng.choice(self.places())
        container[key] = self.rng.choice(BROKEN + [[], {}, ["x"], {"x": "y"}])

    def add_key(self):
        maps = [(container[key], schema, path) for container, key, schema, path in self.places()
                if isinstance(container[key], dict) and schema.get("properties")]
        target, schema, path = self.rng.choice(maps + [(self.document, SCHEMA, [])])
        key = self.rng.choice(list(schema["properties"]))
        target[key] = self.value(schema["properties"][key], path + [key])
        for one, other in (("rate", "trace"), ("images", "microbatches"), ("profile", "speed"),
                           ("delay", "delay_trace"), ("loss", "loss_trace")):
            for this, that in ((one, other), (other, one)):
                if key == this and self.rng.random() < 0.9:
                    target.pop(that, None)

    def delete(self):
        container, key, _, _ = self.rng.choice(self.places())
        del container[key]

    def swap(self):
        (a, i, _, _), (b, j, _, _) = self.rng.choices(self.places(), k=2)
        a[i], b[j] = copy.deepcopy(b[j]), copy.deepcopy(a[i])

    def twice(self):
        lists = [c[k] for c, k, _, _ in self.places() if isinstance(c[k], list) and c[k]]
        if lists:
            chosen = self.rng.choice(lists)
            chosen.append(copy.deepcopy(self.rng.choice(chosen)))

    def key_twice(self):
        maps = [(c, k) for c, k, _, _ in self.places() if isinstance(c[k], dict) and c[k]]
        if maps:
            container, key = self.rng.choice(maps)
            items = list(container[key].items())
            container[key] = Pairs(items + [self.rng.choice(items)])

    def odd_name(self):
        """Renames one device, everywhere."""
        old, new = self.rng.choice(self.names()), self.rng.choice(ODD_NAMES)
        for container, key, _, _ in self.places():
            if container[key] == old:
                container[key] = new

    def many_devices(self):
        count = self.rng.choice([3, 8, 30, 64, 200, 1023])
        devices, links = [], []
        for i in range(count):
            speed = self.rng.choice(["1 GFLOP/s", "50 GFLOP/s", "3 TFLOP/s"])
            devices.append({"name": f"d{i}", "speed": speed})
            links.append({"between": [f"d{i}", f"d{(i + 1) % count}"], "rate": self.quantity(["Mbit/s"])})
        devices[0]["runs"] = ["source", "sink", "stage"] if self.rng.random() < 0.5 else ["source", "sink"]
        if self.rng.random() < 0.3:
            links.pop()
        self.document["devices"] = devices
        self.document["network"] = {"links": links}
        self.document.pop("events", None)

    def a_star(self):
        members = [d.get("name") for d in self.maps("devices") if isinstance(d.get("name"), str)]
        kind = self.rng.choice(["star", "csma", "wifi"])
        segment = {"name": "s", "kind": kind}
        if kind == "star":
            segment["hub"] = self.rng.choice(members + ["hub"])
            up = {"rate": self.quantity(["Mbit/s", "kbit/s"])}
            others = [member for member in members if member != segment["hub"]]
            segment["access"] = [{"members": others, "up": up, "down": up}]
        else:
            segment["members"] = members
            if kind == "csma":
                segment["rate"] = self.quantity(["Mbit/s", "Gbit/s"])
            else:
                segment["distance"] = self.quantity(["m", "km"])
        self.document["network"] = {"segments": [segment]}
        if kind != "star" and self.rng.random() < 0.9:
            self.document["network"]["kind"] = "ns3"
        self.document.pop("events", None)

    def a_link(self):
        network = self.document.setdefault("network", {})
        if not isinstance(network, dict) or not isinstance(network.setdefault("links", []), list):
            return
        link = {"between": self.rng.choices(self.names(), k=2)}
        if self.rng.random() < 0.5:
            link["rate"] = self.quantity(["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"])
        else:
            link["trace"] = self.rng.choice(TRACES)
        links = network["links"]
        if links and self.rng.random() < 0.5:
            links[self.rng.randrange(len(links))] = link
        else:
            links.append(link)

    def link_name(self):
        links = [link for link in self.maps("network", "links") if isinstance(link.get("between"), list)]
        ends = self.rng.choice(links)["between"] if links else self.rng.choices(self.names(), k=2)
        return "-".join(str(end) for end in ends)

    def an_event(self):
        events = self.document.setdefault("events", [])
        if not isinstance(events, list):
            return
        event = {"at": self.quantity(["ms", "s", "h", "ns"]), "link": self.link_name()}
        what = self.rng.choice(["state", "rate", "delay", "loss", "trace"])
        event[what] = {"state": self.rng.choice(["up", "down"]), "rate": self.quantity(["Mbit/s", "bit/s"]),
                       "delay": self.quantity(["ms", "s"]), "loss": self.rng.choice(["0", "0.1", "0.99"]),
                       "trace": self.rng.choice(TRACES)}[what]
        events.append(event)

    def traffic(self):
        network = self.section("network")
        ends = self.rng.choices(self.names(), k=2)
        flow = {"from": ends[0], "to": ends[1], "kind": self.rng.choice(["on-off", "tcp-bulk"])}
        if flow["kind"] == "on-off":
            flow["rate"] = self.quantity(["kbit/s", "Mbit/s"])
        for key in ("on_time", "off_time", "start", "stop"):
            if self.rng.random() < 0.3:
                flow[key] = self.quantity(["ms", "s"])
        flows = network.setdefault("cross_traffic", [])
        if isinstance(flows, list):
            flows.append(flow)

    def no_list(self):
        lists = [(c, k) for c, k, _, _ in self.places() if isinstance(c[k], list)]
        if lists:
            container, key = self.rng.choice(lists)
            container[key] = []

    def a_sweep(self):
        keys = {"run.window": ["1", "4"], "model.microbatch": ["1", "65536"],
                "policy.quantization.bits": ["2", "8"], "network.links[1].rate": ["1 Mbit/s", "1000 Tbit/s"],
                "run.seed": [str(i) for i in range(100)],
                "nonsense": ["1"], "network.links[9999999].rate": ["1 bit/s"]}
        chosen = self.rng.sample(sorted(keys), 2)
        part = self.rng.choice(["grid", "zip"])
        self.document["sweep"] = {part: {key: keys[key] for key in chosen},
                                  "replications": self.rng.choice(["1", "3", "10000"])}

    def other_model(self):
        names = SCHEMA["properties"]["model"]["properties"]["name"]["enum"]
        self.document["model"] = {"name": self.rng.choice(names),
                                  "microbatch": self.rng.choice(["1", "8", "64", "4096", "65536"])}
        self.document["workload"] = {"microbatches": self.rng.choice(["1", "3", "40"])}

    def dimensions(self):
        model = self.section("model")
        properties = SCHEMA["properties"]["model"]["properties"]
        for key in self.rng.sample(["blocks", "width", "heads", "mlp_width", "image_size", "patch",
                                    "channels", "classes", "sequence", "positions", "microbatch"], 2):
            model[key] = self.number(properties[key])
        model["weights"] = "random"

    def policy(self):
        """The section `policy`, also where an earlier mutation removed it or replaced it by another type."""
        if not isinstance(self.document.get("policy"), dict):
            self.document["policy"] = {}
        return self.document["policy"]

    def plan_kind(self):
        kind = self.rng.choice(["even", "pipedream", "optimal", "fixed"])
        partition = {"kind": kind}
        if kind == "fixed":
            cuts = {self.rng.randint(1, 48) for _ in range(self.rng.randint(0, 4))}
            partition["cuts"] = [str(cut) for cut in sorted(cuts)]
        if kind == "optimal" and self.rng.random() < 0.5:
            partition["objective"] = self.rng.choice(["throughput", "latency"])
        self.policy()["partition"] = partition

    def adaptive(self):
        kind = self.rng.choice(["heuristic", "max-fit", "controller", "deadline"])
        quantization = {"kind": kind, "codec": self.rng.choice(["uniform", "aciq", "ds-aciq", "klt"]),
                        "target_rate": self.quantity(["/s"])}
        if kind != "deadline":
            quantization["window"] = self.rng.choice(["1", "10", "1000000"])
        self.policy()["quantization"] = quantization
