"""Compares vit4j with other frameworks on equal networks, and writes the results as JSON.

    compare.py rows      training and inference of the networks of models.py
    compare.py growth    time by depth, tokens, batch size, image size
    compare.py exported  inference of vit4j, and of ONNX Runtime on the file exported by vit4j
    compare.py memory    peak memory of a training step, and memory over 2,000 training steps

All subjects of a row are loaded, then alternate: A B C D A B C D ... Usually called by bench/run.sh.
"""

import argparse
import functools
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import models

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench"
PROGRAM = os.environ.get("VIT4J", "./vit4j")  # relative to ROOT
PAUSE = 0.2  # seconds between turns: threads that still spin after one subject's turn would slow the next


class Worker:
    """The process of a subject."""

    def __init__(self, name, command, log, threads):
        self.name = name
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        self.log = open(log, "w")
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.about = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.close()
            output = pathlib.Path(self.log.name).read_text().strip().splitlines()
            raise RuntimeError(f"{self.name} ended with exit code {self.process.returncode}: {output[-1] if output else ''}")
        return json.loads(line)

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        return self.answer()

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.close()


def spec(row, options, directory, batches):
    return json.dumps(
        {
            "peer": row.peer,
            "image": row.image,
            "batch": row.batch,
            "classes": row.classes,
            "threads": options.threads,
            "count": options.what != "memory",
            "directory": str(directory),
            "batches": batches,
        }
    )


def vit4j_command(row, runner, *more):
    sets = [part for value in (*row.overrides(), *more) for part in ("--set", value)]
    return [PROGRAM, "bench-worker", row.config, "--runner", runner, *sets]


def peer_command(kind, row, options, directory, batches):
    return [sys.executable, str(ROOT / "bench" / "peer.py"), kind, spec(row, options, directory, batches)]


def djl_command(row, directory):
    jars = ROOT / "target" / "bench-djl"
    return [
        "java",
        "-cp",
        f"{jars}/vit4j-bench-djl.jar:{jars}/lib/*",
        "org.vit4j.djl.DjlWorker",
        str(directory),
        *(str(n) for n in (row.image, row.image, row.classes, row.batch)),
    ]


def summary(row):
    sets = [part for value in row.overrides() for part in ("--set", value)]
    out = subprocess.run([PROGRAM, "summary", row.config, *sets, "--json"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    full = json.loads(out.stdout)
    return {key: full[key] for key in ("arch", "flavor", "parameters", "macs")}


def percentile(values, fraction):
    ordered = sorted(values)
    position = fraction * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def spread(seconds):
    return {"p10": percentile(seconds, 0.1), "median": percentile(seconds, 0.5), "p90": percentile(seconds, 0.9)}


class Comparison:
    """The subjects of one row. A subject that fails is recorded, and the others continue."""

    def __init__(self, row, options, subjects, batches):
        self.row = row
        self.options = options
        self.failed = {}
        self.workers = []
        directory = WORK / "files" / "".join(c if c.isalnum() else "_" for c in row.name)
        logs = WORK / "logs"
        directory.mkdir(parents=True, exist_ok=True)
        logs.mkdir(parents=True, exist_ok=True)
        chosen = [name for name in subjects if row.peer or name in (*options.ours, "exported")]
        threads = options.threads
        if {"onnxruntime", "djl"} & set(chosen):
            self.failed.update(self.files(row, directory, batches, logs))
        for name in chosen:
            if name in self.failed:
                continue
            if name in options.ours:
                command = vit4j_command(row, name)
            elif name == "exported":
                exporter = self.worker(options.ours[0])
                if not exporter:
                    self.failed[name] = "vit4j did not start, so there is no exported file"
                    continue
                exporter.ask(f"onnx {(directory / 'exported.onnx').relative_to(ROOT)}")
                command = peer_command(name, row, options, directory, batches)
            elif name == "djl":
                command = djl_command(row, directory)
            else:
                command = peer_command({"pytorch": "torch"}.get(name, name), row, options, directory, batches)
            log = logs / f"{directory.name}-{name}.log"
            try:
                self.workers.append(Worker(name, command, log, threads))
            except RuntimeError as problem:
                self.failed[name] = str(problem)
        for name, problem in self.failed.items():
            print(f"  {name} is skipped: {problem}", file=sys.stderr)

    def files(self, row, directory, batches, logs):
        """Exports the network; returns the subjects that cannot run, with the reasons."""
        command = peer_command("files", row, self.options, directory, batches)
        try:
            exporter = Worker("files", command, logs / f"{directory.name}-files.log", self.options.threads)
        except RuntimeError as problem:
            return {"onnxruntime": str(problem), "djl": str(problem)}
        exporter.close()
        return exporter.about

    def worker(self, name):
        return next((worker for worker in self.workers if worker.name == name), None)

    def alternate(self, line, without=()):
        """Runs a command such as `train` on all subjects in alternation; returns the spread of seconds by subject."""
        options = self.options
        running = [worker for worker in self.workers if worker.name not in without]
        seconds = {worker.name: [] for worker in running}
        for turn in range(options.rounds + 1):
            times = options.warm_up if turn == 0 else options.turn
            for worker in running:
                if worker.name in self.failed:
                    continue
                time.sleep(PAUSE)
                try:
                    taken = worker.ask(f"{line} {times}")["seconds"]
                except (RuntimeError, OSError) as problem:
                    self.failed[worker.name] = f"{line}: {problem}"
                    print(f"  {worker.name} is skipped: {problem}", file=sys.stderr)
                    continue
                if turn > 0:
                    seconds[worker.name] += taken
        return {name: spread(taken) for name, taken in seconds.items() if taken and name not in self.failed}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.close()


def rates(results, batch):
    return {name: {**seconds, "images_per_second": batch / seconds["median"]} for name, seconds in results.items()}


def ratios(results, reference):
    """Speed relative to every other subject."""
    if reference not in results:
        return {}
    speed = results[reference]["images_per_second"]
    return {name: speed / result["images_per_second"] for name, result in results.items() if name != reference}


def print_rates(what, results, reference):
    text = "  ".join(f"{name} {result['images_per_second']:.1f}" for name, result in results.items())
    against = "  ".join(f"{ratio:.2f} x {name}" for name, ratio in ratios(results, reference).items())
    print(f"  {what:<18} {text} images/s   {reference}: {against}", file=sys.stderr)


def compare(row, options, subjects, batches):
    print(f"{row.name}: {row.config}, {row.image} px, batch {row.batch}", file=sys.stderr)
    model = summary(row)
    result = {
        "name": row.name,
        "config": row.config,
        "sets": row.overrides(),
        "image": row.image,
        "batch": row.batch,
        "note": row.note,
        "vit4j": model,
        "peer": {key: row.peer[key] for key in ("package", "model")} if row.peer else {},
    }
    with Comparison(row, options, subjects, batches) as comparison:
        torch = comparison.worker("pytorch")
        if torch:
            result["peer"].update(parameters=torch.about["parameters"], macs=torch.about["macs"])
            result["same"] = all(result["peer"][key] == model[key] for key in ("parameters", "macs"))
            print(
                f"  parameters {model['parameters']:,} and {torch.about['parameters']:,},"
                f" MACs {model['macs']:,} and {torch.about['macs']:,}: {'equal' if result['same'] else 'DIFFERENT'}",
                file=sys.stderr,
            )
        reference = options.ours[0]
        result["training"] = rates(comparison.alternate("train", without=("onnxruntime",)), row.batch)
        print_rates("training", result["training"], reference)
        result["inference"] = {}
        for batch in batches:
            result["inference"][str(batch)] = rates(comparison.alternate(f"infer {batch}"), batch)
            print_rates(f"inference, batch {batch}", result["inference"][str(batch)], reference)
        result["ratios"] = {
            "training": ratios(result["training"], reference),
            "inference": {batch: ratios(found, reference) for batch, found in result["inference"].items()},
        }
        result["contenders"] = {worker.name: worker.about["ready"] for worker in comparison.workers}
        result["left_out"] = comparison.failed
    return result


def rows(options):
    chosen = [row for row in models.ROWS if not options.only or row.name in options.only]
    subjects = [*options.ours, *options.peers]
    done = []
    for row in chosen:
        done.append(compare(row, options, subjects, sorted({1, row.batch})))
        yield {"rows": done}


def exported(options):
    """Inference of vit4j, of ONNX Runtime on vit4j's file, and of ONNX Runtime on PyTorch's file."""
    reference = options.ours[0]
    done = []
    for row in models.ROWS:
        if options.only and row.name not in options.only:
            continue
        print(f"{row.name}: exported", file=sys.stderr)
        batches = sorted({1, row.batch, 32})
        inference = {}
        with Comparison(row, options, [reference, "exported", "onnxruntime"], batches) as comparison:
            for batch in batches:
                inference[str(batch)] = rates(comparison.alternate(f"infer {batch}"), batch)
                print_rates(f"inference, batch {batch}", inference[str(batch)], reference)
        done.append({"name": row.name, "inference": inference, "left_out": comparison.failed})
        yield {"exported": done}


def growth(options):
    axes = {}
    for axis, points in models.GROWTH.items():
        if options.only and axis not in options.only:
            continue
        axes[axis] = []
        for x, row in points:
            axes[axis].append({"x": x, **compare(row, options, [*options.ours, "pytorch"], [row.batch])})
        yield {"growth": axes}


def memory(options):
    """Peak memory of a training step, each subject in a new process, and memory over 2,000 steps of one network."""
    peaks = []
    for row in models.ROWS:
        if not row.peer or (options.only and row.name not in options.only):
            continue
        print(f"{row.name}: peak memory", file=sys.stderr)
        found = {}
        for name in [*options.ours, "pytorch"]:
            with Comparison(row, options, [name], [row.batch]) as comparison:
                for worker in comparison.workers:
                    worker.ask("train 5")
                    found[name] = worker.ask("memory")["peak"]
        peaks.append({"name": row.name, "batch": row.batch, "peak": found})
        print("  " + "  ".join(f"{name} {peak / 1e6:.0f} MB" for name, peak in found.items()), file=sys.stderr)
    long = {}
    for name in [*options.ours, "pytorch"]:
        print(f"{models.LONG.name}: {options.long} training steps of {name}", file=sys.stderr)
        samples = []
        with Comparison(models.LONG, options, [name], [models.LONG.batch]) as comparison:
            for worker in comparison.workers:
                every = max(1, options.long // 100)
                for done in range(every, options.long + 1, every):
                    worker.ask(f"train {every}")
                    samples.append([done, worker.ask("memory")["resident"]])
        long[name] = samples
    yield {"peaks": peaks, "long": {"name": models.LONG.name, "batch": models.LONG.batch, "samples": long}}


def machine():
    with open("/proc/cpuinfo") as lines:
        processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    with open("/proc/meminfo") as lines:
        memory = 1024 * int(next(line.split()[1] for line in lines if line.startswith("MemTotal")))
    return {
        "processor": processor,
        "processors": os.cpu_count(),
        "memory": memory,
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
    }


@functools.cache
def versions():
    import importlib.metadata

    found = {"python": platform.python_version()}
    for package in ("torch", "timm", "vit-pytorch", "transformers", "onnx", "onnxruntime", "openvino"):
        found[package] = importlib.metadata.version(package)
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    found["java"] = java.split('"')[1]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    found["vit4j"] = commit.stdout.strip() or "unknown"
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rows", "growth", "exported", "memory"])
    parser.add_argument("--only", action="append", help="a row, or an axis of growth; may be repeated")
    parser.add_argument("--ours", default="onednn", help="runners of vit4j; the first is the reference of ratios")
    parser.add_argument("--peers", default="pytorch,onnxruntime,djl", help="frameworks to compare with")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10, help="measured turns of each subject")
    parser.add_argument("--turn", type=int, default=2, help="steps per turn")
    parser.add_argument("--warm-up", type=int, default=4, help="unmeasured steps before the first turn")
    parser.add_argument("--long", type=int, default=2000, help="training steps over which memory is sampled")
    parser.add_argument("--output", type=pathlib.Path, help="default: target/bench/WHAT.json")
    options = parser.parse_args()
    options.ours = options.ours.split(",")
    options.peers = [name for name in options.peers.split(",") if name]
    about = {
        "command": "bench/compare.py " + " ".join(sys.argv[1:]),
        "machine": machine(),
        "versions": versions(),
        "threads": options.threads,
        "rounds": options.rounds,
        "turn": options.turn,
        "warm_up": options.warm_up,
        "ours": options.ours[0],
    }
    output = options.output or WORK / f"{options.what}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    # Each yields its results so far, so that a failure does not lose hours of measurements.
    for results in {"rows": rows, "growth": growth, "exported": exported, "memory": memory}[options.what](options):
        output.write_text(json.dumps({**about, **results}, indent=1) + "\n")
    print(output)


if __name__ == "__main__":
    main()
