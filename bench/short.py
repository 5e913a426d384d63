"""A short comparison of vit4j with PyTorch, ONNX Runtime and OpenVINO: about half an hour, networks of models.SHORT.

    short.py run                 prepares and measures all networks, then writes the page
    short.py prepare ROW         exports the files of a network, and fills the cache of torch.compile
    short.py measure ROW PART    one measurement: a part of PARTS
    short.py page                writes docs/generated/performance-ISA.md from the results

All subjects of a measurement are loaded, then alternate: A B C A B C ... The figures of a page are from one run on one
machine. BENCH_WRAPPER is a command prefix of each step, for example taskset or nice. Usually called by
bench/run.sh.
"""

import argparse
import datetime
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import compare
import models
import processor
import short_page

ROOT = compare.ROOT
WORK = ROOT / "target" / "bench"
RESULTS = WORK / f"short-{processor.instruction_set()}"
BATCHES = [1, 8, 32]


@dataclass(frozen=True)
class Part:
    """Subjects that alternate, and what they are asked to do: by the name of the result, a line of the worker protocol."""

    lines: dict
    subjects: tuple


FP32 = ("vit4j", "pytorch", "onnxruntime", "openvino")
BF16 = ("vit4j-bf16", "pytorch-bf16", "openvino-bf16")
PARTS = {
    "training": Part({"training": "train"}, ("vit4j", "pytorch", "pytorch-compile")),
    "training-bf16": Part({"training-bf16": "train"}, ("vit4j-bf16", "pytorch-bf16")),
    "inference": Part({f"inference-{n}": f"infer {n}" for n in (1, 8)}, FP32),
    "inference-bf16": Part({f"inference-bf16-{n}": f"infer {n}" for n in (1, 8)}, BF16),
    "inference-32": Part({"inference-32": "infer 32"}, FP32),
    "inference-bf16-32": Part({"inference-bf16-32": "infer 32"}, BF16),
    "memory": Part({}, ("vit4j", "vit4j-bf16", "pytorch", "pytorch-bf16")),
}


def directory(row):
    return WORK / "files" / row.name


def command(subject, row, options, batches=()):
    """Returns the command line of a subject's process; None if it cannot run this network."""
    name, _, variant = subject.partition("-")
    precision = "bf16" if variant == "bf16" else "fp32"
    if name == "vit4j":
        return compare.vit4j_command(row, "onednn", f"train.precision={precision}")
    if name == "pytorch" and not row.peer:
        return None
    kind = {"pytorch": "compile" if variant == "compile" else "torch"}.get(name, name)
    if kind == "onnxruntime" and not row.peer:
        kind = "exported"
    spec = {"peer": row.peer, "image": row.image, "batch": row.batch, "classes": row.classes, "threads": options.threads}
    spec |= {"count": subject == "count", "directory": str(directory(row)), "batches": list(batches), "precision": precision}
    return [sys.executable, str(ROOT / "bench" / "peer.py"), kind, json.dumps({**spec, "djl": False})]


def start(name, line, row, options):
    (WORK / "logs").mkdir(parents=True, exist_ok=True)
    return compare.Worker(name, line, WORK / "logs" / f"short-{row.name}-{name}.log", options.threads)


def prepare(row, options):
    """Everything that a measurement should not wait for. Returns numbers of parameters and MACs."""
    directory(row).mkdir(parents=True, exist_ok=True)
    about = {"vit4j": compare.summary(row)}
    if not row.peer:
        worker = start("export", command("vit4j", row, options), row, options)
        worker.ask(f"onnx {directory(row) / 'exported.onnx'}")
        worker.close()
        return about
    line = command("pytorch", row, options, BATCHES)
    count = start("count", [*line[:-1], json.dumps({**json.loads(line[-1]), "count": True})], row, options)
    about["peer"] = count.about
    count.close()
    if not all((directory(row) / f"infer-{batch}.onnx").exists() for batch in BATCHES):
        files = start("files", [*line[:2], "files", line[-1]], row, options)
        about["failed"] = files.about
        files.close()
    if "pytorch-compile" in options.without:
        return about
    compiled = start("compile", command("pytorch-compile", row, options), row, options)
    compiled.ask("train 1")
    compiled.close()
    return about


def take_turns(workers, line, options, failed):
    """Returns the seconds of single steps by subject. A turn takes about options.turn seconds, and at least one step."""
    counts, seconds = {}, {}

    def ask(worker, times):
        if worker.name in failed:
            return []
        try:
            return worker.ask(f"{line} {times}")["seconds"]
        except (RuntimeError, OSError) as problem:
            failed[worker.name] = f"{line}: {problem}"
            return []

    for worker in workers:
        once = min(ask(worker, 1), default=0)
        if 0 < once < 2 * options.turn:
            once = min(ask(worker, 3), default=0)
            ask(worker, int(options.turn / once) if once else 1)
        counts[worker.name] = max(1, int(options.turn / once) if once else 1)
        seconds[worker.name] = []
    begin, rounds = time.monotonic(), 0
    while rounds < options.rounds or (rounds < options.most and time.monotonic() - begin < options.budget):
        for worker in workers:
            time.sleep(compare.PAUSE)
            seconds[worker.name] += ask(worker, counts[worker.name])
        rounds += 1
    return {name: taken for name, taken in seconds.items() if name not in failed}, rounds


def measure(row, part, options):
    """Starts all subjects at once, lets them alternate, and returns medians and spread by result and subject."""
    found = {"failed": {}, "results": {}, "rounds": {}}
    batches = [int(line.split()[1]) for line in PARTS[part].lines.values() if line.startswith("infer")]
    lines = {name: command(name, row, options, batches) for name in PARTS[part].subjects}
    lines = {name: line for name, line in lines.items() if line and name not in options.without}
    workers = []
    with ThreadPoolExecutor(len(lines)) as pool:
        for name, starting in [(n, pool.submit(start, n, line, row, options)) for n, line in lines.items()]:
            try:
                workers.append(starting.result())
            except RuntimeError as problem:
                found["failed"][name] = str(problem)
    for result, line in PARTS[part].lines.items():
        batch = int(line.split()[1]) if " " in line else row.batch
        seconds, found["rounds"][result] = take_turns(workers, line, options, found["failed"])
        found["results"][result] = compare.rates({n: compare.spread(s) for n, s in seconds.items()}, batch)
        save(row, part, found)
        texts = (f"{name} {rate['images_per_second']:.1f}" for name, rate in found["results"][result].items())
        print(f"  {row.name}, {result}: {'  '.join(texts)} images/s", file=sys.stderr)
    for worker in workers:
        worker.close()
    return found


def memory(row, options):
    """Peak resident memory of a process that takes training steps, in bytes by subject."""
    peaks, failed = {}, {}
    for name in PARTS["memory"].subjects:
        line = command(name, row, options)
        if not line or name in options.without or (name.endswith("bf16") and not processor.has_bfloat16()):
            continue
        try:
            worker = start(name, line, row, options)
            worker.ask("train 5")
            peaks[name] = worker.ask("memory")["peak"]
            worker.close()
        except RuntimeError as problem:
            failed[name] = str(problem)
    print(f"  {row.name}, memory: {'  '.join(f'{n} {p / 1e6:.0f}' for n, p in peaks.items())} MB", file=sys.stderr)
    return {"failed": failed, "peaks": peaks}


def save(row, part, found):
    RESULTS.mkdir(parents=True, exist_ok=True)
    about = {"row": row.name, "part": part, "batch": row.batch, "commit": compare.versions()["vit4j"]}
    text = json.dumps({**about, "time": datetime.datetime.now().isoformat(timespec="seconds"), **found}, indent=1)
    (RESULTS / f"{row.name}-{part}.json").write_text(text + "\n")


def about(options):
    about = {"machine": processor.describe(), "versions": compare.versions(), "threads": options.threads}
    about |= {key: getattr(options, key) for key in ("budget", "turn", "rounds", "most")}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "about.json").write_text(json.dumps(about, indent=1) + "\n")


def run(options):
    if not options.only and not options.part:
        for old in RESULTS.glob("*.json"):
            old.unlink()
    about(options)
    wrapper = shlex.split(os.environ.get("BENCH_WRAPPER", ""))
    settings = [f"--{key}={getattr(options, key)}" for key in ("threads", "budget", "turn", "rounds", "most")]
    settings += [f"--without={subject}" for subject in options.without]
    for row in models.SHORT:
        if options.only and row.name not in options.only:
            continue
        print(f"{row.name}: {row.config}", file=sys.stderr)
        parts = [part for part in options.part or PARTS if processor.has_bfloat16() or "bf16" not in part]
        for step in (["prepare", row.name], *(["measure", row.name, part] for part in parts)):
            ended = subprocess.run([*wrapper, sys.executable, __file__, *step, *settings], cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
            if ended.returncode:
                print(f"  {' '.join(step)}: ended with exit code {ended.returncode}", file=sys.stderr)
    short_page.write(RESULTS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "prepare", "measure", "page"])
    parser.add_argument("row", nargs="?", choices=[row.name for row in models.SHORT])
    parser.add_argument("measured", nargs="?", choices=list(PARTS))
    parser.add_argument("--only", action="append", help="run: a network; may be repeated")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="run: a part; may be repeated")
    parser.add_argument("--without", action="append", default=[], help="a subject to leave out, such as pytorch-compile")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--budget", type=float, default=8, help="seconds of turns per result, unless the fewest rounds take longer")
    parser.add_argument("--turn", type=float, default=0.4, help="seconds of a subject's turn, which has at least one step")
    parser.add_argument("--rounds", type=int, default=3, help="fewest turns of each subject")
    parser.add_argument("--most", type=int, default=10, help="most turns of each subject")
    options = parser.parse_args()
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(WORK / "torchinductor"))
    row = next((row for row in models.SHORT if row.name == options.row), None)
    match options.what:
        case "run":
            run(options)
        case "prepare":
            save(row, "network", {"failed": {}, **prepare(row, options)})
        case "measure" if options.measured == "memory":
            save(row, "memory", memory(row, options))
        case "measure":
            measure(row, options.measured, options)
        case "page":
            short_page.write(RESULTS)


if __name__ == "__main__":
    main()
