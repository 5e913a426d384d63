"""Repeats, memory, several processes and speed of the libtorch backend; started by checks/gpu/run.sh.

Standard library only. Starts workers of vit4j and, if the given Python has torch and timm, of PyTorch, and lets them work
in turns. Ends with 1 if a check fails; a network that PyTorch cannot be measured with is listed with the reason.
"""

import argparse
import datetime
import filecmp
import glob
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../bench"))

import models

NETWORKS = ["vit_base", "deit_small", "cait_xxs24", "cvt_13", "vitae_tiny"]
ROUNDING = 1e-4  # of the loss, between one process and two
GROWTH_STEPS = 500
GROWTH_LIMIT = 64 << 20  # bytes over 500 steps, without the first ones


def parsed():
    options = argparse.ArgumentParser()
    options.add_argument("--device", default="cuda:0")
    options.add_argument("--out", default="target/gpu")
    options.add_argument("--python", default=sys.executable)
    options.add_argument("--networks", default=",".join(NETWORKS))
    options.add_argument("--batch", type=int, default=64, help="of the timed networks")
    options.add_argument("--quick", action="store_true", help="one round, without TF32")
    return options.parse_args()


class GpuMemory(threading.Thread):
    """Peak GPU memory of a process, as nvidia-smi reports it; 0 where it does not list processes, as in some containers."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.stop = pid, 0, False

    def run(self):
        query = ["nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"]
        while not self.stop:
            for line in subprocess.run(query, capture_output=True, text=True).stdout.splitlines():
                words = [word.strip() for word in line.split(",")]
                if len(words) == 2 and words[0] == str(self.pid) and words[1].isdigit():
                    self.peak = max(self.peak, int(words[1]) << 20)
            time.sleep(0.2)


class Worker:
    """A process that answers commands by lines of JSON."""

    def __init__(self, command, device, log):
        with open(log, "a") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self.log = log
        self.gpu = GpuMemory(self.process.pid) if device != "cpu" else None
        if self.gpu:
            self.gpu.start()

    def ready(self):
        return self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            with open(self.log) as errors:
                last = [text.strip() for text in errors if text.strip()][-1:] or ["no output"]
            raise RuntimeError(last[0])
        return json.loads(line)

    def __call__(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        if self.gpu:
            self.gpu.stop = True
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Check:
    def __init__(self, options):
        self.device, self.out, self.python = options.device, options.out, options.python
        self.networks, self.batch, self.quick = options.networks.split(","), options.batch, options.quick
        self.cpu = self.device == "cpu"
        self.log = os.path.join(self.out, "workers.log")
        open(self.log, "w").close()
        self.failures = []

    def expect(self, condition, message):
        print(("ok: " if condition else "FAILED: ") + message, flush=True)
        if not condition:
            self.failures.append(message)
        return condition

    # Training by the command line

    def train(self, name, device, *overrides):
        run = os.path.join(self.out, name)
        shutil.rmtree(run, ignore_errors=True)
        sizes = ["model.dim=16", "model.depth=1", "model.heads=2"] if self.cpu else []
        words = [f"train.device={device}", "train.backend=torch", "model.proj_drop=0.1", *sizes, *overrides]
        command = ["./vit4j", "train", "digits-vit", "--run", run]
        for word in words:
            command += ["--set", word]
        with open(os.path.join(self.out, name + ".log"), "w") as log:
            code = subprocess.run(command, stdout=log, stderr=log).returncode
        if not self.expect(code == 0, f"training on {device} ends with exit code 0 ({name}.log)"):
            return run, []
        with open(os.path.join(run, "metrics.jsonl")) as lines:
            return run, [json.loads(line)["train_loss"] for line in lines]

    def repeats(self):
        epochs = "train.epochs=1" if self.cpu else "train.epochs=3"
        first, losses = self.train("run1", self.device, epochs)
        second, again = self.train("run2", self.device, epochs)
        same = losses == again and losses != []
        for path in glob.glob(first + "/checkpoints/*.safetensors"):
            other = os.path.join(second, "checkpoints", os.path.basename(path))
            same = same and os.path.exists(other) and filecmp.cmp(path, other, shallow=False)
        self.expect(same, f"two equal trainings have equal losses and checkpoints: {losses}")
        return {"losses": losses, "equal": same}

    def processes(self):
        """One process against two: on two GPUs, or on the CPU twice."""
        count = 2
        if not self.cpu:
            listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout.splitlines()
            count = sum(line.startswith("GPU ") for line in listed)
        if count < 2:
            print("not checked: several processes need two GPUs", flush=True)
            return {"skipped": "one GPU"}
        if not self.cpu and os.environ.get("VIT4J_LIBTORCH"):
            print("not checked: several processes need NCCL, which only the natives with CUDA bind", flush=True)
            return {"skipped": "pip's libtorch"}
        devices = "[cpu, cpu]" if self.cpu else "[cuda:0, cuda:1]"
        # A short first epoch: rounding grows with the number of steps.
        _, alone = self.train("one", "cpu" if self.cpu else "cuda:0", "train.epochs=1")
        _, together = self.train("two", devices, "train.epochs=1")
        if not alone or not together:
            return {"losses": [alone, together]}
        difference = abs(alone[0] - together[0])
        self.expect(difference < ROUNDING, f"loss of one process and of two differ by {difference:.1e}")
        return {"losses": [alone[0], together[0]]}

    # Workers

    def java(self, row, precision):
        sets = [*row.overrides(), f"train.device={self.device}", f"train.precision={precision}"]
        command = ["./vit4j", "bench-worker", row.config, "--runner", "torch"]
        for word in sets:
            command += ["--set", word]
        return Worker(command, self.device, self.log)

    def peer(self, row, precision):
        fields = {
            "peer": row.peer,
            "image": row.image,
            "batch": row.batch,
            "classes": row.classes,
            "device": self.device,
            "precision": precision,
        }
        return Worker([self.python, os.path.join(HERE, "peer.py"), json.dumps(fields)], self.device, self.log)

    def memory(self):
        row = models.vit("vit_192x6_32px", batch=8)
        if self.cpu:
            row = models.vit("vit_192x1_32px", depth=1, batch=2)
        worker = self.java(row, "fp32")
        try:
            worker.ready()
            worker("train 100")
            before, gpu_before = worker("memory")["resident"], worker.gpu.peak if worker.gpu else 0
            worker(f"train {GROWTH_STEPS}")
            after, gpu_after = worker("memory")["resident"], worker.gpu.peak if worker.gpu else 0
        finally:
            worker.close()
        grown = after - before
        self.expect(grown < GROWTH_LIMIT, f"{GROWTH_STEPS} steps add {grown / 1e6:.1f} MB of host memory")
        if gpu_before:
            gpu_grown = gpu_after - gpu_before
            self.expect(gpu_grown < GROWTH_LIMIT, f"{GROWTH_STEPS} steps add {gpu_grown / 1e6:.1f} MB of GPU memory")
        elif not self.cpu:
            print("not checked: nvidia-smi does not list the memory of the process", flush=True)
        return {"steps": GROWTH_STEPS, "host_growth": grown, "gpu_growth": gpu_after - gpu_before if gpu_before else None}

    def rows(self):
        for name in self.networks:
            row = next(row for row in models.ROWS if row.name == name)
            if not self.cpu:
                yield models.Row(row.name, row.config, row.peer, row.image, self.batch, row.classes, row.sets, row.note)
                continue
            # Tiny: one block, where the peer can have one too.
            peer, sets = dict(row.peer), list(row.sets)
            if peer.get("package") == "timm":
                peer["arguments"] = {**peer["arguments"], "depth": 1}
                sets.append("model.depth=1")
            yield models.Row(row.name, row.config, peer, row.image, 1, row.classes, sets, row.note)

    def speed(self):
        results = []
        for row in self.rows():
            for precision in ["fp32", "bf16"] if self.cpu or self.quick else ["fp32", "tf32", "bf16"]:
                one = self.measure(row, precision)
                results.append(one)
                print(line(one), flush=True)
        return results

    def measure(self, row, precision):
        """Rounds of training and inference, in which the two take turns."""
        result = {"network": row.name, "precision": precision, "batch": row.batch}
        workers = {"vit4j": self.java(row, precision)}
        if row.peer:
            workers["pytorch"] = self.peer(row, precision)
        else:
            result["pytorch_missing"] = row.note
        for name, worker in list(workers.items()):
            try:
                worker.ready()
            except RuntimeError as problem:
                worker.close()
                del workers[name]
                result[name + "_missing"] = str(problem)
                if name == "vit4j":
                    self.expect(False, f"{row.name} {precision}: {problem}")
        try:
            rounds, steps = (1, 1) if self.cpu else (1, 5) if self.quick else (3, 5)
            times = {name: {"train": [], "infer": []} for name in workers}
            for name, worker in workers.items():  # warm-up
                worker(f"train {steps}")
                worker(f"infer {row.batch} {steps}")
            for _ in range(rounds):
                for name, worker in workers.items():
                    times[name]["train"] += worker(f"train {steps}")["seconds"]
                for name, worker in workers.items():
                    times[name]["infer"] += worker(f"infer {row.batch} {steps}")["seconds"]
            for name, worker in workers.items():
                result[name] = {
                    "training_images_per_second": row.batch / statistics.median(times[name]["train"]),
                    "inference_images_per_second": row.batch / statistics.median(times[name]["infer"]),
                    "peak_memory": worker.gpu.peak if worker.gpu else worker("memory")["peak"],
                }
        except RuntimeError as problem:
            self.expect(False, f"{row.name} {precision}: {problem}")
        finally:
            for worker in workers.values():
                worker.close()
        return result


HEADER = [
    "| network | precision | batch | training, images/s | PyTorch | ratio | inference, images/s | PyTorch | ratio"
    " | peak memory, MB | PyTorch |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
]


def line(one):
    ours, theirs = one.get("vit4j", {}), one.get("pytorch", {})
    cells = [one["network"], one["precision"], str(one["batch"])]
    for key in ["training_images_per_second", "inference_images_per_second"]:
        a, b = ours.get(key), theirs.get(key)
        cells += [f"{a:.1f}" if a else "-", f"{b:.1f}" if b else "-", f"{a / b:.2f}" if a and b else "-"]
    for side in (ours, theirs):
        cells.append(f"{side['peak_memory'] / 1e6:.0f}" if side.get("peak_memory") else "-")
    return "| " + " | ".join(cells) + " |"


def processor():
    """The name of the processor, by Linux; elsewhere its architecture."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main():
    options = parsed()
    start = time.time()
    check = Check(options)

    def text(name):
        path = os.path.join(options.out, name)
        return open(path).read().strip() if os.path.exists(path) else ""

    results = {
        "date": datetime.date.today().isoformat(),
        "device": options.device,
        "card": text("card.txt"),
        "machine": processor(),
        "processors": os.cpu_count(),
        "version": text("version.txt"),
        "libtorch": "pip" if os.environ.get("VIT4J_LIBTORCH") else "jar",
        "repeats": check.repeats(),
        "memory": check.memory(),
        "processes": check.processes(),
        "speed": check.speed(),
        "failures": check.failures,
    }
    results["seconds"] = round(time.time() - start, 1)
    with open(os.path.join(options.out, "results.json"), "w") as file:
        json.dump(results, file, indent=2)
    missing = [
        f"- PyTorch, {one['network']} {one['precision']}: {one['pytorch_missing']}"
        for one in results["speed"]
        if "pytorch_missing" in one
    ]
    machine = f"{results['machine']}, {results['processors']} processors"
    on_cpu = f"On a CPU, not on a GPU ({machine}); tiny networks, which only check the script"
    table = [on_cpu if check.cpu else results["card"], "", *HEADER]
    table += [line(one) for one in results["speed"]] + [""] + missing
    with open(os.path.join(options.out, "table.md"), "w") as file:
        file.write("\n".join(table).rstrip() + "\n")
    print(f"{options.out}/results.json, {options.out}/table.md", flush=True)
    if check.failures:
        print(f"{len(check.failures)} checks failed", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
