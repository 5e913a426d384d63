"""Writes docs/generated/performance.md and its plots from the results of bench/run.sh in target/bench. Runs no measurements."""

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
PAGE = ROOT / "docs" / "generated" / "performance.md"
IMAGES = ROOT / "docs" / "img"
# Reasons for missed goals and possible improvements, by row; written manually from profiles of the oneDNN backend.
REASONS = ROOT / "bench" / "reasons.json"

GOALS = {"training": 1.0, "inference": 1.2}
NAMES = {"pytorch": "PyTorch", "onnxruntime": "ONNX Runtime", "djl": "DJL", "plain": "plain SameDiff"}


def load(name):
    path = WORK / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def number(value):
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def rate(result):
    """The median in images per second, with the 10th and 90th percentile."""
    if result is None:
        return "-"
    batch = result["images_per_second"] * result["median"]
    return f"{number(result['images_per_second'])} ({number(batch / result['p90'])}..{number(batch / result['p10'])})"


def speed_ratio(row, what, peer):
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


def frameworks(data):
    ours = data["ours"]
    lines = ["## Comparison with other frameworks", ""]
    lines += measured_on(data)
    lines += [
        f"`{data['command']}`. All frameworks run the same network, fp32, without dropout, with initial weights. They are"
        f" loaded together and alternate: {data['rounds']} turns of {data['turn']} steps, after {data['warm_up']} unmeasured"
        " steps. A training step is forward, cross entropy, backward and AdamW. Images per second, median (10th to 90th"
        " percentile). Columns marked x are the speed of vit4j relative to the framework: above 1, vit4j is faster."
        f" Goals against PyTorch: {GOALS['training']:.1f} in training, {GOALS['inference']:.1f} in inference.",
        "",
    ]
    if "remark" in data:  # added manually to results that were merged from several runs
        lines += [data["remark"], ""]
    rows = data["rows"]
    for what in ("training", "inference"):
        # Lowest ratio first; a failed peer counts as a missed goal; networks without a peer are last.
        ordered = sorted(rows, key=lambda row: (speed_ratio(row, what, "pytorch") or 0) if row["peer"] else math.inf)
        met = sum(bool(row["peer"]) and not misses_goal(row, what) for row in rows)
        lines += [f"### {what.capitalize()}", ""]
        lines += [f"{met} of {sum(bool(row['peer']) for row in rows)} networks with a peer reach the goal; the others are bold.", ""]
        peers = [p for p in ("pytorch", "onnxruntime", "djl") if any(p in shown(row, what) for row in rows)]
        head = ["network", "batch", "vit4j", *(NAMES[p] for p in peers), *("x " + NAMES[p] for p in peers)]
        body = []
        for row in ordered:
            found = shown(row, what)
            name = f"**{row['name']}**" if misses_goal(row, what) else row["name"]
            factors = [speed_ratio(row, what, p) for p in peers]
            body.append(
                [name, row["batch"], rate(found.get(ours)), *(rate(found.get(p)) for p in peers)]
                + [f"{q:.2f}" if q else "-" for q in factors]
            )
        lines += table(head, body)
    lines += single_image(rows, ours) + missed_goals(rows) + networks(rows)
    return lines


def shown(row, what):
    return row["training"] if what == "training" else row["inference"].get(str(row["batch"]), {})


def misses_goal(row, what):
    return bool(row["peer"]) and (speed_ratio(row, what, "pytorch") or 0) < GOALS[what]


def single_image(rows, ours):
    """Latency: inference of a single image."""
    peers = ["pytorch", "onnxruntime", "djl"]
    body = []
    for row in rows:
        found = row["inference"].get("1", {})
        cells = [f"{1e3 * found[name]['median']:.1f}" if name in found else "-" for name in (ours, *peers)]
        body.append([row["name"], *cells])
    head = ["network", "vit4j", *(NAMES[p] for p in peers)]
    return ["### One image at a time", "", "Milliseconds, median.", "", *table(head, body)]


def missed_goals(rows):
    reasons = json.loads(REASONS.read_text()) if REASONS.exists() else {}
    lines = []
    for row in rows:
        where = [what for what in GOALS if misses_goal(row, what)]
        if where and row["name"] in reasons:
            lines.append(f"- **{row['name']}** ({' and '.join(where)}): {reasons[row['name']]}")
    return ["### Reasons for missed goals", "", *lines, ""] if lines else []


def networks(rows):
    """Size of the networks in all frameworks, and subjects that could not run."""
    body = []
    for row in rows:
        model, peer = row["vit4j"], row["peer"]
        if not peer:
            body.append([row["name"], f"{model['parameters']:,}", f"{model['macs']:,}", "no peer package", "", ""])
            continue
        body.append(
            [
                row["name"],
                f"{model['parameters']:,}",
                f"{model['macs']:,}",
                f"{peer['package']} `{peer['model']}`",
                f"{peer.get('parameters', 0):,}",
                f"{peer.get('macs', 0):,}",
            ]
        )
    head = ["network", "vit4j parameters", "vit4j MACs", "peer", "peer parameters", "peer MACs"]
    lines = ["### Networks", "", "MACs of one image, of matrix products and convolutions.", "", *table(head, body)]
    notes = [f"- {row['name']}: {row['note']}." for row in rows if row["note"]]
    missing = [f"- {row['name']}: {name} is skipped: {reason}" for row in rows for name, reason in row["left_out"].items()]
    return [*lines, *notes, *missing, ""]


def vit4j_runners():
    """Results of `vit4j bench`: the backends of vit4j and plain SameDiff."""
    found = [json.loads(pathlib.Path(path).read_text()) for path in sorted(glob.glob(str(WORK / "bench-*.json")))]
    if not found:
        return []
    first = found[0]
    lines = [
        "## Within vit4j",
        "",
        "`./vit4j bench CONFIG --json`: plain SameDiff (with its own session, array cache and updater) and the backends of"
        f" vit4j alternate in one process; {first['threads']} threads, {first['processor']}."
        f" A matrix product of [2048 x 2048] reaches {first['gflops']['matmul_peak']:.0f} GFLOP/s on this machine;"
        " a training step counts as three forward passes. Peak memory is measured in a separate process, including the"
        " JVM.",
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
    head = ["network, runner", "batch", "training, images/s", "GFLOP/s", "data ms", "forward", "backward"]
    head += ["optimizer", "peak MB", "inference at 1", "at 8", "at 32"]
    lines += table(head, body)
    for result in found:
        if "data_images_per_second" in result:
            rate_ = result["data_images_per_second"]
            lines += [f"Data loading alone of {result['name']}: {number(rate_)} images/s.", ""]
    return lines + time_by_op(found)


def exported(data):
    """ONNX Runtime on vit4j's and on PyTorch's files, and inference of vit4j."""
    ours = data["ours"]
    body = []
    for row in data["exported"]:
        for size, found in row["inference"].items():
            vit4j, file, torch = (found.get(name, {}).get("images_per_second") for name in (ours, "exported", "onnxruntime"))
            factors = [f"{vit4j / other:.2f}" if other else "-" for other in (file, torch)]
            body.append([row["name"], size, number(vit4j), number(file), number(torch), *factors])
    lines = ["## Exported ONNX files in ONNX Runtime", ""]
    lines += [f"`{data['command']}`: ONNX Runtime on the file of `./vit4j export --format onnx`, ONNX Runtime on PyTorch's file of"]
    lines += ["the same network, and inference of vit4j, in alternation. Images per second.", ""]
    head = ["network", "batch", "vit4j", "vit4j's file", "PyTorch's file", "vit4j / vit4j's file", "vit4j / PyTorch's file"]
    return lines + table(head, body)


def time_by_op(found):
    """Profile of the oneDNN backend, by kind of op and kernel."""
    lines = ["### Time by op", "", "The oneDNN backend by kind of op and kernel, in ms per step; entries below 1% are omitted.", ""]
    body = []
    for result in found:
        profiles = result.get("profile", {})
        for what, times in profiles.get("onednn", profiles.get("accelerated", {})).items():
            total = sum(time["seconds"] for time in times)
            for time in times:
                share = time["seconds"] / total
                if share >= 0.01:
                    name = f"{result['name']}, {what}"
                    body.append([name, time["op"], time["count"], f"{1e3 * time['seconds']:.2f}", f"{100 * share:.0f}%"])
    return lines + table(["network", "op, kernel", "calls", "ms", "share"], body) if body else []


def layers(data):
    """JMH results of single layers on both backends."""
    times = {}
    for result in data:
        kind = result["benchmark"].rsplit(".", 1)[1]
        params = result["params"]
        times[params["layer"], kind, params["backend"]] = result["primaryMetric"]["score"]
    body = []
    for layer in dict.fromkeys(layer for layer, _, _ in times):
        cells = []
        for kind in ("forward", "step"):
            onednn, samediff = (times.get((layer, kind, backend)) for backend in ("onednn", "samediff"))
            ratio = f"{samediff / onednn:.1f}" if onednn and samediff else "-"
            cells += [number(onednn), number(samediff), ratio]
        body.append([f"`{layer}`", *cells])
    lines = ["## Single layers", ""]
    lines += ["`bench/run.sh layers`: LayerBench with JMH, batch 8, shapes of ViT-Tiny, microseconds. A step is forward, the"]
    lines += ["mean of the output, and backward to parameters and input.", ""]
    head = ["layer", "forward, oneDNN", "SameDiff", "ratio", "step, oneDNN", "SameDiff", "ratio"]
    return lines + table(head, body)


def save(figure, name):
    IMAGES.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(IMAGES / name, metadata={"Date": None})
    plt.close(figure)


def growth(data):
    """Time by depth, tokens, batch size and image size, compared with the growth of multiply-accumulates."""
    lines = ["## Scaling of the cost", ""]
    lines += [f"`{data['command']}`, ViT of width 192. Dashed: proportional to multiply-accumulates, through the last point.", ""]
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
            panel.set(xscale="log", yscale="log", xlabel=axis, ylabel="ms per step", title=what)
            panel.set_xticks(x, [str(value) for value in x])
            panel.minorticks_off()
            panel.grid(alpha=0.3)
        panels[0].legend()
        name = f"growth-{axis.replace(' ', '-')}.svg"
        save(figure, name)
        body.append(["GMACs per step, forward", *(f"{point['vit4j']['macs'] * point['batch'] / 1e9:.2f}" for point in points)])
        lines += [f"### {axis.capitalize()}", "", f"![time by {axis}](../img/{name})", ""]
        lines += table([f"ms per step at {axis}", *(point["x"] for point in points)], body)
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
    lines += table(["network", "batch", "vit4j, including JVM", "PyTorch, including Python", "vit4j / PyTorch"], body)
    figure, panel = plt.subplots(figsize=(8, 3))
    for name, samples in data["long"]["samples"].items():
        label = NAMES.get(name, "vit4j")
        panel.plot([step for step, _ in samples], [size / 1e6 for _, size in samples], label=label)
    panel.set(xlabel="training steps", ylabel="resident MB", ylim=(0, None))
    panel.grid(alpha=0.3)
    panel.legend()
    save(figure, "memory-steps.svg")
    lines += [f"{data['long']['name']}, batch {data['long']['batch']}:", "", "![resident memory](../img/memory-steps.svg)", ""]
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
        "<!-- Generated by bench/run.sh (bench/page.py); do not edit. -->",
        "",
        "# Performance",
        "",
        "Generated by `bench/run.sh`, part by part on one machine. All figures are medians.",
        "",
    ]
    sections = (("rows", frameworks), (None, vit4j_runners), ("exported", exported), ("layers", layers))
    sections += (("growth", growth), ("memory", memory))
    for name, section in sections:
        if name is None:
            lines += section()
        elif data := load(name):
            lines += section(data)
        else:
            print(f"target/bench/{name}.json is missing: section skipped")
    PAGE.write_text("\n".join(lines).rstrip() + "\n")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
