"""Writes docs/performance.md and its plots from what bench/run.sh left in target/bench. Measures nothing itself."""

import glob
import json
import math
import pathlib

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "vit4j", "svg.fonttype": "none", "font.size": 9, "figure.dpi": 96})
import matplotlib.pyplot as plt  # noqa: E402
from markdown import table  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench"
PAGE = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "img"
# Why a row is lost and what would mend it, by its name: written by hand from the engine's profile, checked in.
REASONS = ROOT / "bench" / "reasons.json"

GOALS = {"training": 1.0, "inference": 1.2}
NAMES = {"pytorch": "PyTorch", "onnxruntime": "ONNX Runtime", "djl": "DJL", "stock": "plain SameDiff"}


def load(name):
    path = WORK / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def rate(result):
    """The median in images a second, with how far the steps lie around it."""
    if result is None:
        return "-"
    batch = result["images_per_second"] * result["median"]
    return f"{number(result['images_per_second'])} ({number(batch / result['p90'])}..{number(batch / result['p10'])})"


def against(row, what, peer):
    ratios = row["ratios"][what]
    if what == "inference":
        ratios = ratios.get(str(row["batch"]), {})
    return ratios.get(peer)


def measured_on(data):
    machine, versions = data["machine"], data["versions"]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return [
        f"{machine['processor']}, {machine['processors']} processors, {machine['memory'] / 2**30:.0f} GiB,"
        f" {machine['system']}; {data['threads']} threads.",
        f"Versions: {listed}.",
        "",
    ]


def side_by_side(data):
    ours = data["ours"]
    lines = ["## Side by side", ""]
    lines += measured_on(data)
    lines += [
        f"`{data['command']}`. The same network on both sides, fp32, no dropout, fresh weights: all contenders of a row"
        f" are loaded, then take turns of {data['turn']} steps, {data['rounds']} times, after {data['warm_up']} steps"
        " that do not count. A training step is forward, cross entropy, backward and AdamW. Images a second, median"
        " (10th to 90th percentile). The ratio is ours to theirs: above 1 we are faster."
        f" Goals against PyTorch: {GOALS['training']:.1f} in training, {GOALS['inference']:.1f} in inference.",
        "",
    ]
    if "remark" in data:  # of whoever put parts of several runs together
        lines += [data["remark"], ""]
    rows = data["rows"]
    for what in ("training", "inference"):
        # Slowest first; those whose peer failed count as lost, those without a peer come last.
        ordered = sorted(rows, key=lambda row: (against(row, what, "pytorch") or 0) if row["peer"] else math.inf)
        met = sum(bool(row["peer"]) and not lost(row, what) for row in rows)
        lines += [f"### {what.capitalize()}", ""]
        lines += [f"{met} of {sum(bool(row['peer']) for row in rows)} networks with a peer reach the goal; the lost are bold.", ""]
        peers = [p for p in ("pytorch", "onnxruntime", "djl") if any(p in shown(row, what) for row in rows)]
        head = ["network", "batch", "vit4j", *(NAMES[p] for p in peers), *("x " + NAMES[p] for p in peers)]
        body = []
        for row in ordered:
            found = shown(row, what)
            name = f"**{row['name']}**" if lost(row, what) else row["name"]
            quotients = [against(row, what, p) for p in peers]
            body.append(
                [name, row["batch"], rate(found.get(ours)), *(rate(found.get(p)) for p in peers)]
                + [f"{q:.2f}" if q else "-" for q in quotients]
            )
        lines += table(head, body)
    lines += one_image(rows, ours) + losses(rows) + identity(rows)
    return lines


def shown(row, what):
    return row["training"] if what == "training" else row["inference"].get(str(row["batch"]), {})


def lost(row, what):
    return bool(row["peer"]) and (against(row, what, "pytorch") or 0) < GOALS[what]


def one_image(rows, ours):
    """Inference of a single image, where waiting counts."""
    peers = ["pytorch", "onnxruntime", "djl"]
    body = []
    for row in rows:
        found = row["inference"].get("1", {})
        cells = [f"{1e3 * found[name]['median']:.1f}" if name in found else "-" for name in (ours, *peers)]
        body.append([row["name"], *cells])
    head = ["network", "vit4j", *(NAMES[p] for p in peers)]
    return ["### One image at a time", "", "Milliseconds, median.", "", *table(head, body)]


def losses(rows):
    reasons = json.loads(REASONS.read_text()) if REASONS.exists() else {}
    lines = []
    for row in rows:
        where = [what for what in GOALS if lost(row, what)]
        if where and row["name"] in reasons:
            lines.append(f"- **{row['name']}** ({' and '.join(where)}): {reasons[row['name']]}")
    return ["### Why rows are lost", "", *lines, ""] if lines else []


def identity(rows):
    """That both sides ran the same network, and what could not run."""
    body = []
    for row in rows:
        mine, peer = row["vit4j"], row["peer"]
        if not peer:
            body.append([row["name"], f"{mine['parameters']:,}", f"{mine['macs']:,}", "no peer package", "", ""])
            continue
        body.append(
            [
                row["name"],
                f"{mine['parameters']:,}",
                f"{mine['macs']:,}",
                f"{peer['package']} `{peer['model']}`",
                f"{peer.get('parameters', 0):,}",
                f"{peer.get('macs', 0):,}",
            ]
        )
    head = ["network", "our parameters", "our MACs", "peer", "its parameters", "its MACs"]
    lines = ["### The same networks", "", "MACs of one image: matrix products and convolutions.", "", *table(head, body)]
    notes = [f"- {row['name']}: {row['note']}." for row in rows if row["note"]]
    missing = [f"- {row['name']}: {name} is left out: {why}" for row in rows for name, why in row["left_out"].items()]
    return [*lines, *notes, *missing, ""]


def one_process():
    """`vit4j bench`: the ways to run a network within vit4j."""
    found = [json.loads(pathlib.Path(path).read_text()) for path in sorted(glob.glob(str(WORK / "bench-*.json")))]
    if not found:
        return []
    first = found[0]
    lines = [
        "## Within vit4j",
        "",
        "`./vit4j bench CONFIG --json`: plain SameDiff (its own session, array cache and updater) and ours, in one"
        f" process, in turns; {first['threads']} threads, {first['processor']}."
        f" The machine's matrix product, [2048 x 2048], reaches {first['gflops']['matmul_peak']:.0f} GFLOP/s;"
        " a training step counts three times the forward pass's operations. Peak memory is that of a process which"
        " does nothing else, JVM included.",
        "",
    ]
    body = []
    for result in found:
        for name, rate_ in result["training"].items():
            split = result["split"][name]
            peak = result["peak_memory"].get(name)
            body.append(
                [
                    f"{result['name']}, {name}",
                    result["batch"],
                    number(rate_),
                    number(result["gflops"]["training"][name]),
                    *(f"{1e3 * split[part]:.1f}" for part in ("data", "forward", "backward", "optimizer")),
                    f"{peak / 1e6:.0f}" if peak else "-",
                    *(number(result["inference_by_batch"][size].get(name)) for size in ("1", "8", "32")),
                ]
            )
    head = ["network, way to run it", "batch", "training, images/s", "GFLOP/s", "data ms", "forward", "backward"]
    head += ["optimizer", "peak MB", "inference at 1", "at 8", "at 32"]
    lines += table(head, body)
    for result in found:
        if "data_images_per_second" in result:
            rate_ = result["data_images_per_second"]
            lines += [f"Data of {result['name']} comes to {number(rate_)} images/s by itself.", ""]
    return lines + where_it_goes(found)


def exported(data):
    """Our ONNX files in ONNX Runtime, PyTorch's files of the same networks, and our own inference."""
    ours = data["ours"]
    body = []
    for row in data["exported"]:
        for size, found in row["inference"].items():
            mine, file, torch = (found.get(name, {}).get("images_per_second") for name in (ours, "exported", "onnxruntime"))
            against = [f"{mine / other:.2f}" if other else "-" for other in (file, torch)]
            body.append([row["name"], size, number(mine), number(file), number(torch), *against])
    lines = ["## Our ONNX files in ONNX Runtime", ""]
    lines += [f"`{data['command']}`: the file `./vit4j export --format onnx` writes, PyTorch's own of the same network, and"]
    lines += ["our inference, in turns. Images a second.", ""]
    head = ["network", "batch", "vit4j", "our file", "PyTorch's file", "vit4j / our file", "vit4j / PyTorch's file"]
    return lines + table(head, body)


def where_it_goes(found):
    """The plan's own account, by kind of op and the kernel that does it."""
    lines = ["### Where the time goes", "", "Of the accelerated engine, by kind of op and kernel, ms a step; below 1% left out.", ""]
    body = []
    for result in found:
        for what, times in result.get("profile", {}).get("accelerated", {}).items():
            whole = sum(time["seconds"] for time in times)
            for time in times:
                share = time["seconds"] / whole
                if share >= 0.01:
                    name = f"{result['name']}, {what}"
                    body.append([name, time["op"], time["count"], f"{1e3 * time['seconds']:.2f}", f"{100 * share:.0f}%"])
    return lines + table(["network", "op, kernel", "times", "ms", "share"], body) if body else []


def layers(data):
    """JMH's account of single layers on both engines."""
    times = {}
    for result in data:
        kind = result["benchmark"].rsplit(".", 1)[1]
        params = result["params"]
        times[params["layer"], kind, params["engine"]] = result["primaryMetric"]["score"]
    body = []
    for layer in dict.fromkeys(layer for layer, _, _ in times):
        cells = []
        for kind in ("forward", "step"):
            fast, plain = (times.get((layer, kind, engine)) for engine in ("accelerated", "portable"))
            ratio = f"{plain / fast:.1f}" if fast and plain else "-"
            cells += [number(fast), number(plain), ratio]
        body.append([f"`{layer}`", *cells])
    lines = ["## Single layers", ""]
    lines += ["`bench/run.sh layers`: LayerBench by JMH, batch 8 in ViT-Tiny's shapes, microseconds; a step is forward,"]
    lines += ["the mean of what comes out, and backward to weights and input.", ""]
    head = ["layer", "forward, accelerated", "portable", "times", "step, accelerated", "portable", "times"]
    return lines + table(head, body)


def save(figure, name):
    IMAGES.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(IMAGES / name, metadata={"Date": None})
    plt.close(figure)


def growth(data):
    """Time against what the cost grows with, beside the slope that multiply-accumulates alone would have."""
    lines = ["## What cost grows with", ""]
    lines += [f"`{data['command']}`, ViT of width 192. Dashed: as multiply-accumulates grow, from the last point.", ""]
    for axis, points in data["growth"].items():
        figure, panels = plt.subplots(1, 2, figsize=(8, 3.2))
        body = []
        for panel, what in zip(panels, ("training", "inference")):
            x = [point["x"] for point in points]
            work = [point["vit4j"]["macs"] * point["batch"] for point in points]
            for name, style in ((data["ours"], "C0o-"), ("pytorch", "C1s-")):
                seconds = [shown(point, what).get(name, {}).get("median", math.nan) for point in points]
                panel.plot(x, [1e3 * s for s in seconds], style, label=NAMES.get(name, "vit4j"), markersize=4)
                theory = [1e3 * seconds[-1] * w / work[-1] for w in work]
                panel.plot(x, theory, style[:2] + "--", linewidth=0.8)
                body.append([f"{what}, {NAMES.get(name, 'vit4j')}", *(f"{1e3 * s:.1f}" for s in seconds)])
            panel.set(xscale="log", yscale="log", xlabel=axis, ylabel="ms a step", title=what)
            panel.set_xticks(x, [str(value) for value in x])
            panel.minorticks_off()
            panel.grid(alpha=0.3)
        panels[0].legend()
        name = f"growth-{axis.replace(' ', '-')}.svg"
        save(figure, name)
        body.append(["GMACs a step, forward", *(f"{point['vit4j']['macs'] * point['batch'] / 1e9:.2f}" for point in points)])
        lines += [f"### {axis.capitalize()}", "", f"![time against {axis}](img/{name})", ""]
        lines += table([f"ms a step at {axis}", *(point["x"] for point in points)], body)
    return lines


def memory(data):
    ours = data["ours"]
    lines = ["## Memory", "", f"`{data['command']}`. Peak resident memory of a process that takes training steps, in MB.", ""]
    if "remark" in data:
        lines += [data["remark"], ""]
    body = []
    for row in sorted(data["peaks"], key=lambda row: -row["peak"].get(ours, 0) / max(row["peak"].get("pytorch", 1), 1)):
        peak = row["peak"]
        both = ours in peak and "pytorch" in peak
        cells = [f"{peak[name] / 1e6:.0f}" if name in peak else "-" for name in (ours, "pytorch")]
        body.append([row["name"], row["batch"], *cells, f"{peak[ours] / peak['pytorch']:.2f}" if both else "-"])
    lines += table(["network", "batch", "vit4j, JVM included", "PyTorch, Python included", "ours / theirs"], body)
    figure, panel = plt.subplots(figsize=(8, 3))
    for name, samples in data["long"]["samples"].items():
        label = NAMES.get(name, "vit4j")
        panel.plot([step for step, _ in samples], [size / 1e6 for _, size in samples], label=label)
    panel.set(xlabel="training steps", ylabel="resident MB", ylim=(0, None))
    panel.grid(alpha=0.3)
    panel.legend()
    save(figure, "memory-steps.svg")
    lines += [f"{data['long']['name']}, batch {data['long']['batch']}:", "", "![resident memory](img/memory-steps.svg)", ""]
    for name, samples in data["long"]["samples"].items():
        if len(samples) >= 4:
            quarter, last = samples[len(samples) // 4], samples[-1]
            lines.append(
                f"- {NAMES.get(name, 'vit4j')}: {quarter[1] / 1e6:.0f} MB after {quarter[0]:,} steps,"
                f" {last[1] / 1e6:.0f} MB after {last[0]:,}."
            )
    return [*lines, ""]


def main():
    lines = [
        "# How fast it is",
        "",
        "Made by `bench/run.sh`, part by part on one machine; the figures are medians, nobody's best.",
        "",
    ]
    sections = (("rows", side_by_side), (None, one_process), ("exported", exported), ("layers", layers))
    sections += (("growth", growth), ("memory", memory))
    for name, section in sections:
        if name is None:
            lines += section()
        elif data := load(name):
            lines += section(data)
        else:
            print(f"target/bench/{name}.json is missing: left out")
    PAGE.write_text("\n".join(lines).rstrip() + "\n")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
