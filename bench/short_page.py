"""Writes docs/generated/performance-ISA.md from the results of bench/short.py, and the table of goals in
docs/performance.md between the comments `goals ISA` and `end`. Runs no measurements."""

import json
import math
import pathlib
from dataclasses import dataclass

import models
from markdown import table

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "generated"
OVERVIEW = ROOT / "docs" / "performance.md"
# Reasons for missed goals, written manually from profiles: by instruction set, result, and network or "*" for all.
REASONS = ROOT / "bench" / "reasons.json"
NAMES = {
    "vit4j": "vit4j",
    "vit4j-bf16": "vit4j bf16",
    "pytorch": "PyTorch",
    "pytorch-compile": "torch.compile",
    "pytorch-bf16": "PyTorch autocast bf16",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "openvino-bf16": "OpenVINO bf16",
}


@dataclass(frozen=True)
class Goal:
    """A goal of every network: the rate of `ours` is at least `factors` times the rates of the peers."""

    result: str
    title: str
    ours: str
    factors: dict  # by peer
    others: tuple = ()  # peers that are shown without a goal

    def text(self):
        peers = {}
        for name, factor in self.factors.items():
            peers.setdefault(factor, []).append(NAMES[name])
        return " and ".join(f"at least {factor:g} x {', '.join(names)}" for factor, names in peers.items())


FP32 = {"pytorch": 1.1, "onnxruntime": 1.1, "openvino": 1.1}
GOALS = [
    Goal("training", "Training, float32", "vit4j", {"pytorch": 1.2, "pytorch-compile": 1.0}),
    *(Goal(f"inference-{n}", f"Inference, float32, batch {n}", "vit4j", FP32) for n in (1, 8, 32)),
    Goal("training-bf16", "Training, bfloat16", "vit4j-bf16", {"pytorch-bf16": 1.2}),
    *(
        Goal(f"inference-bf16-{n}", f"Inference, bfloat16, batch {n}", "vit4j-bf16", {"openvino-bf16": 1.0}, ("pytorch-bf16",))
        for n in (1, 8, 32)
    ),
]
MEMORY = 0.6


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def rate(result):
    """The median in images per second, with the 10th and 90th percentile."""
    if result is None:
        return "-"
    batch = result["images_per_second"] * result["median"]
    return f"{number(result['images_per_second'])} ({number(batch / result['p90'])}..{number(batch / result['p10'])})"


class Results:
    """The results of all networks that were measured, by network and result."""

    def __init__(self, folder):
        self.isa = folder.name.partition("-")[2]
        self.about = json.loads((folder / "about.json").read_text())
        files = [json.loads(path.read_text()) for path in folder.glob("*-*.json")]
        order = [row.name for row in models.SHORT]
        self.files = sorted(files, key=lambda file: order.index(file["row"]))
        self.rows = list(dict.fromkeys(file["row"] for file in self.files))
        self.reasons = json.loads(REASONS.read_text()).get(self.isa, {})

    def of(self, row, result):
        return next((f["results"][result] for f in self.files if f["row"] == row and result in f.get("results", {})), {})

    def peaks(self, row):
        return next((f["peaks"] for f in self.files if f["row"] == row and "peaks" in f), {})

    def reason(self, row, result):
        reasons = self.reasons.get(result, {})
        return reasons.get(row, reasons.get("*", "not examined"))


def ratios(ours, found, factors):
    """Rates relative to those of peers, by peer: the median of the rounds. Results of an older version have only rates."""

    def ratio(peer):
        if "relative" in found[peer]:
            return found[peer]["relative"]["median"]
        return found[ours]["images_per_second"] / found[peer]["images_per_second"]

    return {peer: ratio(peer) for peer in factors if peer in found and ours in found}


def relative(ours, found, peer):
    """The rate of vit4j relative to that of a peer, with the 10th and 90th percentile of the rounds if they are known."""
    ratio = ratios(ours, found, [peer]).get(peer)
    if ratio is None:
        return "-"
    spread = found[peer].get("relative")
    return f"{ratio:.2f}" + (f" ({spread['p10']:.2f}..{spread['p90']:.2f})" if spread else "")


def score(goal, found):
    """The lowest rate relative to what the goal requires; infinite without a peer, 0 without a result of ours."""
    if not any(peer in found for peer in goal.factors):
        return math.inf
    if goal.ours not in found:
        return 0
    return min(ratio / goal.factors[peer] for peer, ratio in ratios(goal.ours, found, goal.factors).items())


def comparison(results, goal):
    """Rates and ratios of one result; the networks that miss the goal are first."""
    scores = {row: score(goal, results.of(row, goal.result)) for row in results.rows if results.of(row, goal.result)}
    if not scores:
        return []
    peers = [*goal.factors, *goal.others]
    body, lost = [], []
    for row in sorted(scores, key=scores.get):
        found = results.of(row, goal.result)
        missed = scores[row] < 1
        ours = found.get(goal.ours)
        cells = [relative(goal.ours, found, peer) for peer in peers]
        body.append([f"**{row}**" if missed else row, rate(ours), *(rate(found.get(peer)) for peer in peers), *cells])
        if missed:
            lost.append(f"- **{row}**: {results.reason(row, goal.result)}.")
    head = ["network", NAMES[goal.ours], *(NAMES[peer] for peer in peers), *("x " + NAMES[peer] for peer in peers)]
    return [f"## {goal.title}", "", f"Goal: {goal.text()}.", "", *table(head, body), *lost, *([""] if lost else [])]


def peak_memory(results):
    body, lost = [], []
    for ours, peer in (("vit4j", "pytorch"), ("vit4j-bf16", "pytorch-bf16")):
        for row in results.rows:
            peaks = results.peaks(row)
            if ours in peaks and peer in peaks:
                ratio = peaks[ours] / peaks[peer]
                body.append([ratio, row, ours, f"{peaks[ours] / 1e6:.0f}", f"{peaks[peer] / 1e6:.0f}"])
                if ratio > MEMORY:
                    result = ours.replace("vit4j", "memory")
                    lost.append(f"- **{row}**, {NAMES[ours]}: {results.reason(row, result)}.")
    if not body:
        return []
    body.sort(key=lambda line: -line[0])
    cells = [
        [f"**{row}**, {NAMES[ours]}" if ratio > MEMORY else f"{row}, {NAMES[ours]}", one, other, f"{ratio:.2f}"]
        for ratio, row, ours, one, other in body
    ]
    lines = ["## Peak memory in training", ""]
    steps = results.about["memory_steps"]
    lines += [f"Peak resident memory in MB of a new process that takes {steps} training steps, including the JVM and Python.", ""]
    lines += [f"Goal: at most {MEMORY} of PyTorch's in the same precision.", ""]
    return [*lines, *table(["network", "vit4j", "PyTorch", "vit4j / PyTorch"], cells), *lost, *([""] if lost else [])]


def grouped(title, reasons):
    """One line per reason, with the networks that have it."""
    networks = {}
    for row, reason in reasons.items():
        networks.setdefault(reason, []).append(row)
    return [f"- {title}, {', '.join(f'**{row}**' for row in rows)}: {reason}." for reason, rows in networks.items()]


def missed(goal, row, found):
    """The name of a network that misses a goal, with the ratios that are too low and their intervals if they are known."""
    if goal.ours not in found:
        return f"**{row}** (did not run)"
    low = {peer: ratio for peer, ratio in ratios(goal.ours, found, goal.factors).items() if ratio < goal.factors[peer]}
    return f"**{row}** ({', '.join(f'{ratio:.2f} x {NAMES[peer]}{between(found[peer])}' for peer, ratio in low.items())})"


def between(rate):
    """The 95% confidence interval of the median ratio to a peer."""
    interval = rate.get("relative", {}).get("interval")
    return f", {interval[0]:.2f}..{interval[1]:.2f}" if interval else ""


def summary_of(results, goal):
    """A line of the table of goals, and the reasons of the networks that miss the goal."""
    found = {row: results.of(row, goal.result) for row in results.rows}
    scores = {row: score(goal, rates) for row, rates in found.items() if score(goal, rates) < math.inf}
    lost = [row for row in sorted(scores, key=scores.get) if scores[row] < 1]
    absent = {peer: [row for row in results.rows if peer not in found[row]] for peer in goal.factors}
    text = [f"{NAMES[peer]} ({len(rows)}: {', '.join(rows)})" for peer, rows in absent.items() if rows]
    cells = [f"{len(scores) - len(lost)} of {len(scores)}", ", ".join(missed(goal, row, found[row]) for row in lost) or "-"]
    reasons = grouped(goal.title, {row: results.reason(row, goal.result) for row in lost})
    return [f"{goal.title}: {goal.text()}", *cells, "; ".join(text) or "-"], reasons


def memory_of(results, ours, peer):
    peaks = {row: results.peaks(row) for row in results.rows}
    ratio = {row: found[ours] / found[peer] for row, found in peaks.items() if ours in found and peer in found}
    lost = [row for row in sorted(ratio, key=ratio.get, reverse=True) if ratio[row] > MEMORY]
    title = f"Peak memory in training, {'bfloat16' if ours.endswith('bf16') else 'float32'}"
    absent = [row for row in results.rows if row not in ratio]
    cells = [f"{len(ratio) - len(lost)} of {len(ratio)}", ", ".join(f"**{row}** ({ratio[row]:.2f})" for row in lost) or "-"]
    text = f"{NAMES[peer]} ({len(absent)}: {', '.join(absent)})" if absent else "-"
    reasons = grouped(title, {row: results.reason(row, ours.replace("vit4j", "memory")) for row in lost})
    return [f"{title}: at most {MEMORY} x {NAMES[peer]}", *cells, text], reasons


def summary(results):
    """Table of the goals with the number of networks that reach each; missed goals are first, with the reasons below."""
    lines = [summary_of(results, goal) for goal in GOALS if any(results.of(row, goal.result) for row in results.rows)]
    pairs = [("vit4j", "pytorch"), ("vit4j-bf16", "pytorch-bf16")]
    lines += [memory_of(results, *pair) for pair in pairs if any(pair[0] in results.peaks(row) for row in results.rows)]
    lines.sort(key=lambda line: line[0][2] == "-")
    reasons = [reason for _, all_of in lines for reason in all_of]
    return [*table(["goal", "reached by", "missed by", "not compared with"], [cells for cells, _ in lines]), *reasons]


def networks(results):
    body, failed = [], []
    for file in results.files:
        failed += [f"- {file['row']}, {file['part']}: {NAMES.get(n, n)} did not run: {text}" for n, text in file["failed"].items()]
        if file["part"] == "network":
            row = next(row for row in models.SHORT if row.name == file["row"])
            ours, peer = file["vit4j"], file.get("peer")
            equal = "no peer package" if not peer else "equal" if all(peer[k] == ours[k] for k in ("parameters", "macs")) else "DIFFERENT"
            names = f"{row.peer['package']} `{row.peer['model']}`" if row.peer else "vit4j's own ONNX file"
            body.append([row.name, f"`{row.config}`", row.batch, f"{ours['parameters']:,}", f"{ours['macs']:,}", names, equal])
    head = ["network", "config", "batch in training", "parameters", "MACs", "peer", "parameters and MACs of the peer"]
    return ["## Networks", "", *table(head, body), *failed, *([""] if failed else [])]


def torch_compile(about):
    """A sentence about the networks that were compared with torch.compile."""
    compiled = about["compiled"]
    if not compiled:
        return "torch.compile was not measured."
    complete = set(compiled) >= {row.name for row in models.SHORT if row.peer}
    return f"torch.compile was measured in training{'' if complete else ' and with ' + ', '.join(compiled)} only."


def turns(about):
    """The numbers of turns; results of an older version have no maximum."""
    least, most = about["rounds"], about.get("max_rounds", 0)
    if most <= least:
        return f"{least} turns"
    return f"{least} to {most} turns (more than {least} while the 95% confidence interval of a median ratio includes the goal)"


def conditions(about):
    """Paragraphs about what was measured and how."""
    lines = [
        "The programs of a table row alternate on the same machine with the same network, with initial weights and without dropout:"
        f" {turns(about)} of at least {about['turn']:g} seconds and one step (twice as many in float32 training), after half a"
        f" turn to warm up ({about['warm_up']:g} seconds with one image, while Java compiles). Images per second,"
        " median of all steps (10th to 90th percentile). Columns marked x are the rate of vit4j relative to that program, as the median"
        " of the ratios in each round, with the 10th to 90th percentile: above 1, vit4j is faster. The median can differ from the ratio of the"
        " two rates, because the processor's speed changes between rounds. Ratios without percentiles are those of the rates, of an older version"
        " of the benchmark with 5 turns (15 in float32 training) of half a second. A training step is forward, cross entropy, backward and AdamW. Networks that miss a goal are bold and"
        " first in each table, with the reason below.",
        "",
        torch_compile(about),
        "",
    ]
    if about["limit"]:
        lines += [
            "**This is an AVX-512 processor whose programs were limited to AVX2 kernels, not an AVX2 processor**: clock, caches and memory"
            " are those of the newer processor. ONNX Runtime and OpenVINO compute products by MLAS, which has no such limit, and are left"
            " out. oneDNN (vit4j, PyTorch) has `ONEDNN_MAX_CPU_ISA=AVX2`, PyTorch also `ATEN_CPU_CAPABILITY=avx2` and `MKL_ENABLE_INSTRUCTIONS=AVX2`, Java"
            " `-XX:UseAVX=2`.",
            "",
        ]
    return lines


def write(folder):
    results = Results(folder)
    about, commits = results.about, sorted({file["commit"] for file in results.files})
    times = sorted(file["time"] for file in results.files)
    machine = ", ".join(f"{key}: {value}" for key, value in about["machine"].items())
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items() if name != "vit4j")
    lines = ["<!-- Generated by bench/run.sh short (bench/short_page.py); do not edit. -->", ""]
    lines += [f"# Performance: {results.isa}", ""]
    lines += [f"Processor: {machine}; {about['threads']} threads.", ""]
    lines += [f"Versions: vit4j {', '.join(commits)}, {versions}. Measured from {times[0]} to {times[-1]}.", ""]
    lines += conditions(about)
    goals = summary(results)
    lines += ["## Goals", "", *goals, *([] if goals[-1] == "" else [""])]
    for goal in GOALS:
        lines += comparison(results, goal)
    lines += peak_memory(results) + networks(results)
    page = PAGES / f"performance-{results.isa}.md"
    page.write_text("\n".join(lines).rstrip() + "\n")
    print(page.relative_to(ROOT))
    link = f"[All figures](generated/{page.name}) of vit4j {', '.join(commits)}, measured {times[0][:10]}:"
    if overview(results.isa, [link, "", *goals]):
        print(OVERVIEW.relative_to(ROOT))


def overview(isa, lines):
    """Replaces the goals of a processor in the overview; returns false if it has no place for them."""
    text = OVERVIEW.read_text()
    begin, end = f"<!-- goals {isa}: bench/short_page.py -->\n", "<!-- end -->"
    before, found, rest = text.partition(begin)
    if not found or end not in rest:
        return False
    after = rest[rest.index(end) :]
    OVERVIEW.write_text(before + begin + "\n".join(lines).rstrip() + "\n\n" + after)
    return True
