"""A short comparison of vit4j with PyTorch, ONNX Runtime and OpenVINO: about an hour for the networks of models.SHORT.

    short.py prepare                 exports the files of the peers, and fills the cache of torch.compile; not timed
    short.py run                     measures all networks, then writes the page
    short.py measure NETWORK PART    one network: a part of PARTS
    short.py page                    writes docs/generated/performance-ISA.md from the results

The programs of a part are started once for a network and alternate: A B C A B C ... Each result is saved when it is
complete; `run --resume` measures only what is missing. BENCH_WRAPPER is a command prefix of each measurement, for example
taskset or nice. BENCH_WORK is the directory of files and results, default target/bench. Usually called by bench/run.sh.
"""

import argparse
import datetime
import json
import math
import os
import pathlib
import shlex
import statistics
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
WORK = pathlib.Path(os.environ.get("BENCH_WORK", ROOT / "target" / "bench")).absolute()
BATCHES = [1, 8, 32]
# Seconds of the first passes of one image, which are not measured: Java compiles what it executes often meanwhile.
WARM_UP = 2
MEMORY_STEPS = 3  # the second allocates what the first has not: moments of the optimizer next to gradients


@dataclass(frozen=True)
class Result:
    """A line of the worker protocol, and the subjects that execute it in turns."""

    line: str
    subjects: tuple
    times: int = 1  # turns, as a multiple of options.rounds
    warm_up: float = 0  # seconds before the first turn, but at least half a turn


def inference(batch, subjects):
    return Result(f"infer {batch}", subjects, warm_up=WARM_UP if batch == 1 else 0)


FP32 = ("vit4j", "pytorch", "onnxruntime", "openvino")
BF16 = ("vit4j-bf16", "pytorch-bf16", "openvino-bf16")
PARTS = {
    "float32": {
        # Few steps fit into a turn, and the processor's speed changes between turns.
        "training": Result("train", ("vit4j", "pytorch", "pytorch-compile"), 2),
        **{f"inference-{n}": inference(n, FP32) for n in BATCHES},
    },
    "bfloat16": {
        "training-bf16": Result("train", ("vit4j-bf16", "pytorch-bf16")),
        **{f"inference-bf16-{n}": inference(n, BF16) for n in BATCHES},
    },
    "memory": {},
}
SUBJECTS = sorted({name for lines in PARTS.values() for result in lines.values() for name in result.subjects})
MEMORY = ("vit4j", "vit4j-bf16", "pytorch", "pytorch-bf16")


def results(options):
    return WORK / f"short-{options.isa or processor.instruction_set()}"


def parts(options):
    """The parts that this processor can run."""
    return [part for part in options.part or PARTS if part != "bfloat16" or processor.has_bfloat16(options.isa)]


def directory(row):
    return WORK / "files" / row.name


def compiles(row, options):
    return bool(row.peer) and "pytorch-compile" not in options.without


def command(subject, row, options, batches=()):
    """Returns the command line of a subject's process; None if it does not run this network."""
    name, _, variant = subject.partition("-")
    precision = "bf16" if variant == "bf16" else "fp32"
    if name == "vit4j":
        return compare.vit4j_command(row, "onednn", f"train.precision={precision}")
    if name == "pytorch" and not row.peer or subject == "pytorch-compile" and not compiles(row, options):
        return None
    if name in ("onnxruntime", "openvino") and options.isa in processor.LIMITS:
        return None  # their products of MLAS have no setting that limits the instructions
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
    """Exports the files of the peers; returns numbers of parameters and MACs."""
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
    return about


def fill_cache(row, options):
    """Lets torch.compile compile a training step, which a later process finds in the cache."""
    begin = time.monotonic()
    compiled = start("compile", command("pytorch-compile", row, options), row, options)
    compiled.ask("train 1")
    compiled.close()
    print(f"{row.name}: torch.compile and a step took {time.monotonic() - begin:.0f} s", file=sys.stderr)


def prepared(row, options, again=False):
    """Prepares a network unless it is prepared; returns numbers of parameters and MACs."""
    file = directory(row) / "prepared.json"
    if again or not file.exists():
        print(f"{row.name}: preparing", file=sys.stderr)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"failed": {}, **prepare(row, options)}, indent=1) + "\n")
    return json.loads(file.read_text())


def interval(values):
    """The 95% confidence interval of a median, by the ranks of the values; None if there are less than six."""
    count, outside, tail = len(values), 0, 0.5 ** len(values)  # probability that at most `outside` values are below the median
    while tail <= 0.025:
        outside += 1
        tail += math.comb(count, outside) * 0.5**count
    ordered = sorted(values)
    return (ordered[outside - 1], ordered[-outside]) if outside else None


def undecided(turns, result):
    """Returns true if the interval of a ratio includes the goal, so that more turns are needed."""
    goal = next(goal for goal in short_page.GOALS if goal.result == result)
    if goal.ours not in turns:
        return False
    found = ((factor, interval(relative(turns, goal.ours, peer))) for peer, factor in goal.factors.items() if peer in turns)
    return any(not between or between[0] < factor < between[1] for factor, between in found)


def relative(turns, ours, peer):
    """Ratios of the medians of turns of the same round: the processor's speed changes between rounds."""
    return [statistics.median(other) / statistics.median(own) for own, other in zip(turns[ours], turns[peer])]


def take_turns(workers, result, at, options, failed):
    """Returns the seconds of single steps by subject, a list for each turn. A turn takes at least options.turn seconds. Every
    second round is in reverse order, so that none always follows the same other. Rounds follow until it is known whether a goal
    is reached, at most options.max_rounds."""
    counts, turns = {}, {}

    def ask(worker, times):
        if worker.name in failed:
            return []
        try:
            return worker.ask(f"{at.line} {times}")["seconds"]
        except (RuntimeError, OSError) as problem:
            failed[worker.name] = f"{at.line}: {problem}"
            return []

    for worker in workers:
        once = min(ask(worker, 1), default=0)
        if 0 < once < 2 * options.turn:  # the first step makes plans
            once = min(ask(worker, 3), default=0)
            ask(worker, math.ceil(max(options.turn / 2, at.warm_up) / once) if once else 1)
        counts[worker.name] = math.ceil(options.turn / once) if once else 1
        turns[worker.name] = []
    complete = {}
    for number in range(at.times * max(options.rounds, options.max_rounds)):
        if number >= at.times * options.rounds and not undecided(complete, result):
            break
        for worker in workers if number % 2 == 0 else reversed(workers):
            time.sleep(compare.PAUSE)
            turns[worker.name].append(ask(worker, counts[worker.name]))
        complete = {name: taken for name, taken in turns.items() if name not in failed}
    return complete


def figures(turns, batch):
    """Rates by subject. A peer also has its time relative to that of vit4j, and the number of rounds."""
    found = compare.rates({name: compare.spread(sum(taken, [])) for name, taken in turns.items()}, batch)
    ours = next((name for name in turns if name.startswith("vit4j")), None)
    for name in found if ours else []:
        if name != ours:
            values = relative(turns, ours, name)
            found[name]["relative"] = compare.spread(values) | {"rounds": len(values), "interval": interval(values)}
    return found


def measure(row, part, options):
    """Starts all subjects of a part at once, lets them alternate, and saves medians and spread by result and subject."""
    found = saved(row, part, options) if options.resume else None
    found = found or {"failed": {}, "results": {}}
    lines = {result: at for result, at in PARTS[part].items() if result not in found["results"]}
    if not lines:
        return
    begin = time.monotonic()
    workers = opened({name for result in lines.values() for name in result.subjects}, row, options, found["failed"])
    print(f"  {row.name}, {part}: started in {time.monotonic() - begin:.0f} s", file=sys.stderr)
    for result, at in lines.items():
        begin = time.monotonic()
        batch = int(at.line.split()[1]) if " " in at.line else row.batch
        subjects = [workers[name] for name in at.subjects if name in workers]
        turns = take_turns(subjects, result, at, options, found["failed"])
        found["results"][result] = figures(turns, batch)
        save(row, part, found, options)
        texts = (f"{name} {rate['images_per_second']:.1f}" for name, rate in found["results"][result].items())
        taken = f"{time.monotonic() - begin:.0f} s"
        print(f"  {row.name}, {result}: {'  '.join(texts)} images/s, in {taken}", file=sys.stderr)
        if result.startswith("training"):
            closed("pytorch-compile", workers)
    for name in list(workers):
        closed(name, workers)


def opened(names, row, options, failed):
    """Starts the processes of subjects; returns them by name."""
    lines = {name: command(name, row, options, BATCHES) for name in sorted(names)}
    lines = {name: line for name, line in lines.items() if line and name not in options.without}
    workers = {}
    with ThreadPoolExecutor(len(lines)) as pool:
        for name, starting in [(n, pool.submit(start, n, line, row, options)) for n, line in lines.items()]:
            try:
                workers[name] = starting.result()
            except RuntimeError as problem:
                failed[name] = str(problem)
    return workers


def closed(name, workers):
    if name in workers:
        workers.pop(name).close()


def memory(row, options):
    """Saves the peak resident memory of a process that takes training steps, in bytes by subject."""
    if options.resume and saved(row, "memory", options):
        return
    peaks, failed = {}, {}

    def peak(name):
        line = command(name, row, options)
        if not line or name in options.without or (name.endswith("bf16") and not processor.has_bfloat16(options.isa)):
            return
        try:
            worker = start(name, line, row, options)
            worker.ask(f"train {MEMORY_STEPS}")
            peaks[name] = worker.ask("memory")["peak"]
            worker.close()
        except RuntimeError as problem:
            failed[name] = str(problem)

    with ThreadPoolExecutor(2) as pool:  # their speed does not matter
        list(pool.map(peak, MEMORY))
    save(row, "memory", {"failed": failed, "peaks": peaks}, options)
    print(f"  {row.name}, memory: {'  '.join(f'{n} {p / 1e6:.0f}' for n, p in peaks.items())} MB", file=sys.stderr)


def saved(row, part, options):
    """Returns the results of an earlier process with this commit of vit4j; None if there are none."""
    file = results(options) / f"{row.name}-{part}.json"
    found = json.loads(file.read_text()) if file.exists() else None
    return found if found and found["commit"] == compare.versions()["vit4j"] else None


def save(row, part, found, options):
    results(options).mkdir(parents=True, exist_ok=True)
    about = {"row": row.name, "part": part, "batch": row.batch, "commit": compare.versions()["vit4j"]}
    text = json.dumps({**found, **about, "time": datetime.datetime.now().isoformat(timespec="seconds")}, indent=1)
    (results(options) / f"{row.name}-{part}.json").write_text(text + "\n")


def about(options):
    about = {"machine": processor.describe(), "versions": compare.versions(), "threads": options.threads}
    about |= {"turn": options.turn, "rounds": options.rounds, "max_rounds": options.max_rounds, "warm_up": WARM_UP, "compiled": [r.name for r in models.SHORT if compiles(r, options)]}
    about |= {"memory_steps": MEMORY_STEPS, "limit": options.isa if options.isa in processor.LIMITS else ""}
    results(options).mkdir(parents=True, exist_ok=True)
    (results(options) / "about.json").write_text(json.dumps(about, indent=1) + "\n")


def rows(names):
    """The networks with these names, comma-separated: the type of an option."""
    names = set(names.split(","))
    unknown = names - {row.name for row in models.SHORT}
    if unknown:
        known = ", ".join(row.name for row in models.SHORT)
        raise argparse.ArgumentTypeError(f"unknown network {', '.join(sorted(unknown))}; known: {known}")
    return [row for row in models.SHORT if row.name in names]


def run(options):
    begin = time.monotonic()
    complete = not options.networks and not options.part and not options.resume
    old = set(results(options).glob("*-*.json")) if complete else ()
    about(options)  # fails if a package is missing, before results are deleted
    for file in old:
        file.unlink()
    wrapper = shlex.split(os.environ.get("BENCH_WRAPPER", ""))
    settings = [f"--{key.replace('_', '-')}={getattr(options, key)}" for key in ("threads", "turn", "rounds", "max_rounds")]
    settings += [f"--without={subject}" for subject in options.without]
    settings += ["--isa=" + options.isa] if options.isa else []
    settings += ["--resume"] if options.resume else []
    for row in options.networks or models.SHORT:
        save(row, "network", prepared(row, options), options)
        print(f"{row.name}: {row.config}, {time.monotonic() - begin:.0f} s since the start", file=sys.stderr)
        for part in parts(options):
            step = [sys.executable, __file__, "measure", row.name, part, *settings]
            ended = subprocess.run([*wrapper, *step], cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
            if ended.returncode:
                print(f"  {row.name}, {part}: ended with exit code {ended.returncode}; --resume continues", file=sys.stderr)
        short_page.write(results(options))
    print(f"measured in {(time.monotonic() - begin) / 60:.1f} minutes", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["prepare", "run", "measure", "page"])
    parser.add_argument("row", nargs="?", choices=[row.name for row in models.SHORT])
    parser.add_argument("measured", nargs="?", choices=list(PARTS))
    parser.add_argument("--networks", type=rows, help="only these, comma-separated; keeps the results of the others")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only this part; may be repeated")
    parser.add_argument("--resume", action="store_true", help="keep results of this commit, and measure what is missing")
    parser.add_argument("--isa", choices=list(processor.LIMITS), help="limit the kernels of all programs, see processor.py")
    parser.add_argument("--without", action="append", default=[], choices=SUBJECTS, help="a subject to leave out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turn", type=float, default=0.25, help="seconds of a subject's turn, which has at least one step")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each subject; float32 training has twice as many")
    parser.add_argument("--max-rounds", type=int, default=30, help="at most, while it is uncertain whether a goal is reached")
    options = parser.parse_args()
    if options.what == "measure" and not options.measured:
        parser.error("measure: a network and a part are missing")
    if min(options.threads, options.rounds) < 1 or options.turn <= 0:
        parser.error("--threads and --rounds must be at least 1, --turn positive")
    os.environ.update(processor.LIMITS.get(options.isa, {}))
    caches = WORK / f"torchinductor{'-' + options.isa if options.isa else ''}"
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(caches))
    row = next((row for row in models.SHORT if row.name == options.row), None)
    match options.what:
        case "prepare":
            networks = options.networks or models.SHORT
            for network in networks:
                prepared(network, options, again=True)
            for network in networks:
                if compiles(network, options):
                    fill_cache(network, options)
        case "run":
            run(options)
        case "measure" if options.measured == "memory":
            memory(row, options)
        case "measure":
            measure(row, options.measured, options)
        case "page":
            short_page.write(results(options))


if __name__ == "__main__":
    main()
