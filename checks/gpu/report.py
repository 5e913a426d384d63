"""Results of checks/gpu: what passed, failed and was not checked, saved after every step as results.json and table.md."""

import datetime
import json
import os

GOAL = 0.95  # of PyTorch's training speed, eager mode

HEADER = [
    "| network | precision | batch | training, images/s | PyTorch | ratio | inference, images/s | PyTorch | ratio"
    " | memory, MB | PyTorch |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
]


def line(one):
    ours, theirs = one.get("vit4j", {}), one.get("pytorch", {})
    cells = [one["network"], one["precision"], str(one["batch"])]
    for key in ["training_images_per_second", "inference_images_per_second"]:
        a, b = ours.get(key), theirs.get(key)
        cells += [f"{a:.1f}" if a else "-", f"{b:.1f}" if b else "-", f"{a / b:.2f}" if a and b else "-"]
    for side in (ours, theirs):
        cells.append(f"{side['memory'] / 1e6:.0f}" if side.get("memory") else "-")
    return "| " + " | ".join(cells) + " |"


class Results:
    def __init__(self, out, **data):
        self.out = out
        self.data = {"date": datetime.datetime.now().isoformat(timespec="seconds"), "status": "running", **data}
        self.data.update(passed=[], failed=[], not_checked=[], speed=[])
        self.unchecked = False  # something that could have been checked was not
        self.save()

    def expect(self, condition, message):
        print(("ok: " if condition else "FAILED: ") + message, flush=True)
        self.data["passed" if condition else "failed"].append(message)
        self.save()
        return condition

    def skip(self, message, matters=False):
        """Notes what is not checked; it matters if this machine could have done it."""
        print("not checked: " + message, flush=True)
        self.data["not_checked"].append(message)
        self.unchecked |= matters
        self.save()

    def add(self, row):
        self.data["speed"].append(row)
        print(line(row), flush=True)
        self.save()

    def path(self, name):
        return os.path.join(self.out, name)

    def save(self):
        for name, text in [("results.json", json.dumps(self.data, indent=2)), ("table.md", self.table())]:
            with open(self.path(name + ".part"), "w") as file:
                file.write(text + "\n")
            os.replace(self.path(name + ".part"), self.path(name))

    def table(self):
        data = self.data
        rows = sorted(data["speed"], key=lambda one: data["networks"].index(one["network"]))
        machine = f"{data['machine']}, {data['processors']} processors"
        where = data["card"] + "; " + machine
        if data["device"] == "cpu":
            where = f"On a CPU, not on a GPU ({machine}); tiny networks, which only check the script"
        versions = [data["version"], f"libtorch of the {data['libtorch']}", data.get("pytorch", "PyTorch not measured")]
        lines = [where, "", f"{', '.join(versions)}; {data['date']}; status: {data['status']}", "", *HEADER]
        lines += [line(one) for one in rows] + [""]
        for one in rows:
            for side in ("vit4j", "pytorch"):
                if side + "_missing" in one:
                    lines.append(f"- {side}, {one['network']} {one['precision']}: {one[side + '_missing']}")
        for title in ("failed", "not_checked"):
            lines += [f"- {title.replace('_', ' ')}: {message}" for message in data[title]]
        return "\n".join(lines).rstrip()

    def finish(self, status=None):
        """Prints the summary; returns the exit code."""
        data = self.data
        incomplete = "incomplete" if self.unchecked else "passed"
        data["status"] = status or ("failed" if data["failed"] else incomplete)
        self.save()
        print(f"\n{self.path('results.json')}, {self.path('table.md')}")
        ratios = [
            one["vit4j"]["training_images_per_second"] / one["pytorch"]["training_images_per_second"]
            for one in data["speed"]
            if "vit4j" in one and "pytorch" in one
        ]
        if ratios and data["device"] != "cpu":
            reached = sum(ratio >= GOAL for ratio in ratios)
            print(f"at least {GOAL} of PyTorch's training speed: {reached} of {len(ratios)} rows")
        for title in ("failed", "not_checked"):
            for message in data[title]:
                print(f"{title.replace('_', ' ').upper()}: {message}")
        counts = f"{len(data['passed'])} passed, {len(data['failed'])} failed, {len(data['not_checked'])} not checked"
        print(f"{data['status'].upper()} after {data.get('seconds', 0):.0f} s: {counts}", flush=True)
        return 0 if data["status"] == "passed" else 1
