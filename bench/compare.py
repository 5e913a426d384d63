"""Runs the same networks in vit4j and in its peers side by side, and writes what came out as JSON.

    compare.py rows      training and inference of the networks of models.py
    compare.py growth    time against depth, tokens, batch, image size
    compare.py exported  inference, and ONNX Runtime on the file that vit4j writes of the same network
    compare.py memory    2,000 training steps, and the peak of a training step

All contenders of a row are loaded, then take turns: A B C D A B C D ... Usually called by bench/run.sh.
"""

import argparse
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
PAUSE = 0.1  # seconds between turns: threads that still spin after one contender's turn would slow the next


class Worker:
    """A contender's process."""

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
            said = pathlib.Path(self.log.name).read_text().strip().splitlines()
            raise RuntimeError(f"{self.name} ended with exit code {self.process.returncode}: {said[-1] if said else ''}")
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


def ours(row, runner):
    sets = [part for value in row.overrides() for part in ("--set", value)]
    return ["./vit4j", "bench-worker", row.config, "--runner", runner, *sets]


def peer(kind, row, options, directory, batches):
    return [sys.executable, str(ROOT / "bench" / "peer.py"), kind, spec(row, options, directory, batches)]


def djl(row, directory):
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
    out = subprocess.run(["./vit4j", "summary", row.config, *sets, "--json"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    full = json.loads(out.stdout)
    return {key: full[key] for key in ("arch", "flavour", "parameters", "macs")}


def percentile(values, share):
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def spread(seconds):
    return {"p10": percentile(seconds, 0.1), "median": percentile(seconds, 0.5), "p90": percentile(seconds, 0.9)}


class Contest:
    """The contenders of one row; one that fails is noted and the others go on."""

    def __init__(self, row, options, contenders, batches):
        self.row = row
        self.options = options
        self.failed = {}
        self.workers = []
        directory = WORK / "files" / "".join(c if c.isalnum() else "_" for c in row.name)
        logs = WORK / "logs"
        directory.mkdir(parents=True, exist_ok=True)
        logs.mkdir(parents=True, exist_ok=True)
        wanted = [name for name in contenders if row.peer or name in (*options.ours, "exported")]
        threads = options.threads
        if {"onnxruntime", "djl"} & set(wanted):
            self.failed.update(self.files(row, directory, batches, logs))
        for name in wanted:
            if name in self.failed:
                continue
            if name in options.ours:
                command = ours(row, name)
            elif name == "exported":
                mine = self.worker(options.ours[0])
                if not mine:
                    self.failed[name] = "there is no file, as vit4j did not start"
                    continue
                mine.ask(f"onnx {(directory / 'exported.onnx').relative_to(ROOT)}")
                command = peer(name, row, options, directory, batches)
            elif name == "djl":
                command = djl(row, directory)
            else:
                command = peer({"pytorch": "torch"}.get(name, name), row, options, directory, batches)
            log = logs / f"{directory.name}-{name}.log"
            try:
                self.workers.append(Worker(name, command, log, threads))
            except RuntimeError as problem:
                self.failed[name] = str(problem)
        for name, problem in self.failed.items():
            print(f"  {name} is left out: {problem}", file=sys.stderr)

    def files(self, row, directory, batches, logs):
        """Exports the network; gives back who cannot take part, and why."""
        command = peer("files", row, self.options, directory, batches)
        try:
            maker = Worker("files", command, logs / f"{directory.name}-files.log", self.options.threads)
        except RuntimeError as problem:
            return {"onnxruntime": str(problem), "djl": str(problem)}
        maker.close()
        return maker.about

    def worker(self, name):
        return next((worker for worker in self.workers if worker.name == name), None)

    def race(self, line, without=()):
        """Seconds of every contender for a line such as `train`, the turns interleaved."""
        options = self.options
        racing = [worker for worker in self.workers if worker.name not in without]
        seconds = {worker.name: [] for worker in racing}
        for turn in range(options.rounds + 1):
            times = options.warm_up if turn == 0 else options.turn
            for worker in racing:
                if worker.name in self.failed:
                    continue
                time.sleep(PAUSE)
                try:
                    taken = worker.ask(f"{line} {times}")["seconds"]
                except (RuntimeError, OSError) as problem:
                    self.failed[worker.name] = f"{line}: {problem}"
                    print(f"  {worker.name} is left out: {problem}", file=sys.stderr)
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


def ratios(results, best):
    """How many times as fast as the others ours is."""
    if best not in results:
        return {}
    mine = results[best]["images_per_second"]
    return {name: mine / result["images_per_second"] for name, result in results.items() if name != best}


def told(what, results, best):
    text = "  ".join(f"{name} {result['images_per_second']:.1f}" for name, result in results.items())
    against = "  ".join(f"{ratio:.2f} x {name}" for name, ratio in ratios(results, best).items())
    print(f"  {what:<18} {text} images/s   {best}: {against}", file=sys.stderr)


def compared(row, options, contenders, batches):
    print(f"{row.name}: {row.config}, {row.image} px, batch {row.batch}", file=sys.stderr)
    mine = summary(row)
    result = {
        "name": row.name,
        "config": row.config,
        "sets": row.overrides(),
        "image": row.image,
        "batch": row.batch,
        "note": row.note,
        "vit4j": mine,
        "peer": {key: row.peer[key] for key in ("package", "model")} if row.peer else {},
    }
    with Contest(row, options, contenders, batches) as contest:
        torch = contest.worker("pytorch")
        if torch:
            result["peer"].update(parameters=torch.about["parameters"], macs=torch.about["macs"])
            result["same"] = all(result["peer"][key] == mine[key] for key in ("parameters", "macs"))
            print(
                f"  parameters {mine['parameters']:,} and {torch.about['parameters']:,},"
                f" MACs {mine['macs']:,} and {torch.about['macs']:,}: {'the same' if result['same'] else 'NOT THE SAME'}",
                file=sys.stderr,
            )
        best = options.ours[0]
        result["training"] = rates(contest.race("train", without=("onnxruntime",)), row.batch)
        told("training", result["training"], best)
        result["inference"] = {}
        for batch in batches:
            result["inference"][str(batch)] = rates(contest.race(f"infer {batch}"), batch)
            told(f"inference, batch {batch}", result["inference"][str(batch)], best)
        result["ratios"] = {
            "training": ratios(result["training"], best),
            "inference": {batch: ratios(found, best) for batch, found in result["inference"].items()},
        }
        result["contenders"] = {worker.name: worker.about["ready"] for worker in contest.workers}
        result["left_out"] = contest.failed
    return result


def rows(options):
    chosen = [row for row in models.ROWS if not options.only or row.name in options.only]
    contenders = [*options.ours, *options.peers]
    done = []
    for row in chosen:
        done.append(compared(row, options, contenders, sorted({1, row.batch})))
        yield {"rows": done}


def exported(options):
    """Inference alone: ours, ONNX Runtime on our file, and on PyTorch's of the same network."""
    best = options.ours[0]
    done = []
    for row in models.ROWS:
        if options.only and row.name not in options.only:
            continue
        print(f"{row.name}: exported", file=sys.stderr)
        batches = sorted({1, row.batch, 32})
        inference = {}
        with Contest(row, options, [best, "exported", "onnxruntime"], batches) as contest:
            for batch in batches:
                inference[str(batch)] = rates(contest.race(f"infer {batch}"), batch)
                told(f"inference, batch {batch}", inference[str(batch)], best)
        done.append({"name": row.name, "inference": inference, "left_out": contest.failed})
        yield {"exported": done}


def growth(options):
    axes = {}
    for axis, points in models.GROWTH.items():
        if options.only and axis not in options.only:
            continue
        axes[axis] = []
        for x, row in points:
            axes[axis].append({"x": x, **compared(row, options, [*options.ours, "pytorch"], [row.batch])})
        yield {"growth": axes}


def memory(options):
    """The peak of a training step, each contender in a fresh process, and 2,000 steps of one network."""
    peaks = []
    for row in models.ROWS:
        if not row.peer or (options.only and row.name not in options.only):
            continue
        print(f"{row.name}: peak memory", file=sys.stderr)
        found = {}
        for name in [*options.ours, "pytorch"]:
            with Contest(row, options, [name], [row.batch]) as contest:
                for worker in contest.workers:
                    worker.ask("train 5")
                    found[name] = worker.ask("memory")["peak"]
        peaks.append({"name": row.name, "batch": row.batch, "peak": found})
        print("  " + "  ".join(f"{name} {peak / 1e6:.0f} MB" for name, peak in found.items()), file=sys.stderr)
    long = {}
    for name in [*options.ours, "pytorch"]:
        print(f"{models.LONG.name}: {options.long} training steps of {name}", file=sys.stderr)
        samples = []
        with Contest(models.LONG, options, [name], [models.LONG.batch]) as contest:
            for worker in contest.workers:
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


def versions():
    import importlib.metadata

    found = {"python": platform.python_version()}
    for package in ("torch", "timm", "vit-pytorch", "transformers", "onnx", "onnxruntime"):
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
    parser.add_argument("--ours", default="accelerated", help="runners of vit4j, the one that is compared first")
    parser.add_argument("--peers", default="pytorch,onnxruntime,djl", help="and who they meet")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=10, help="turns of each contender that count")
    parser.add_argument("--turn", type=int, default=2, help="steps in a turn")
    parser.add_argument("--warm-up", type=int, default=4, help="steps before, that do not count")
    parser.add_argument("--long", type=int, default=2000, help="training steps in which memory must not grow")
    parser.add_argument("--output", type=pathlib.Path, help="target/bench/WHAT.json if not given")
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
    # Each yields what it has so far: hours of measuring are not lost to the last row.
    for results in {"rows": rows, "growth": growth, "exported": exported, "memory": memory}[options.what](options):
        output.write_text(json.dumps({**about, **results}, indent=1) + "\n")
    print(output)


if __name__ == "__main__":
    main()
