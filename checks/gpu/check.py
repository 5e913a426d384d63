"""Golden cases, repeats, memory, several processes and speed of the libtorch backend; started by checks/gpu/run.sh.

Standard library only. Starts workers of vit4j and, if its Python has torch and timm, of PyTorch, and lets them work in
turns. A step that fails does not prevent the next ones. Ends with 1 if a check fails or time is up.
VIT4J names another command than ./vit4j.
"""

import argparse
import filecmp
import glob
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../bench"))

import models
from report import Results
from speed import speed, vit4j
from workers import Gpu, WorkerFailure, reason, run

NETWORKS = ["vit_base", "deit_small", "cait_xxs24", "cvt_13", "vitae_tiny"]
ROUNDING = 1e-4  # of the loss, between one process and two
CPU_CASES = "vit_s_*"
SMALL = {
    "vit": ["model.dim=16", "model.depth=1", "model.heads=2"],
    "levit": ["model.dim=[16,32]", "model.depth=[1,1]", "model.heads=[2,2]"],
}


def parsed():
    options = argparse.ArgumentParser(prog="checks/gpu/run.sh")
    options.add_argument("--device", default="cuda:0")
    options.add_argument("--out", required=True)
    options.add_argument("--networks", default=",".join(NETWORKS))
    options.add_argument("--batch", type=int, default=64, help="of the timed networks")
    options.add_argument("--minutes", type=float, default=10, help="until the last check ends")
    options.add_argument("--quick", action="store_true", help="100 steps for memory growth, one round, without TF32")
    options.add_argument("--validate", action="store_true", help="only check these options")
    found = options.parse_args()
    known = [row.name for row in models.ROWS]
    for name in found.networks.split(","):
        if name not in known:
            options.error(f"unknown network '{name}'; known: {', '.join(known)}")
    if found.batch < 1 or not found.minutes > 0:
        options.error("--batch and --minutes must be positive")
    return found


class Check:
    def __init__(self, options, results):
        self.device, self.out, self.quick, self.batch = options.device, options.out, options.quick, options.batch
        self.networks = options.networks.split(",")
        self.results, self.expect, self.skip = results, results.expect, results.skip
        self.cpu = self.device == "cpu"
        self.gpu = None if self.cpu else Gpu(self.device)
        self.end = time.monotonic() + 60 * options.minutes
        self.vit4j = shlex.split(os.environ.get("VIT4J", "./vit4j"))
        self.python = os.environ.get("PYTHON", sys.executable)
        self.no_peer = self.peer_missing()

    def left(self):
        return self.end - time.monotonic()

    def log(self, *words):
        return os.path.join(self.out, re.sub(r"[^\w.]+", "-", "-".join(words)) + ".log")

    def peer_missing(self):
        done = subprocess.run([self.python, "-c", "import torch, timm"], capture_output=True, text=True)
        if done.returncode == 0:
            return ""
        last = (done.stderr.strip().splitlines() or ["failed"])[-1]
        self.skip(f"speed next to PyTorch, since {self.python} cannot import it: {last}; pip install timm transformers")
        return last

    # Golden cases

    def goldens(self):
        """All cases on a GPU; on the CPU, where this script itself is checked, a few."""
        profiles, libtorch = os.environ.get("VIT4J_PROFILES", "torch"), os.environ.get("VIT4J_LIBTORCH")
        command = ["mvn", "-q", "-B", f"-P{profiles}", "-Djacoco.skip", "-Dtest=GoldenTest", "-Dengine=torch"]
        command += [f"-Ddevice={self.device}", "-Dcases=" + (CPU_CASES if self.cpu else "*")]
        if libtorch:
            jvm = ["-Xmx3g", "-Dorg.bytedeco.javacpp.maxbytes=8g", "-Dorg.bytedeco.javacpp.maxphysicalbytes=14g"]
            jvm += ["-Dorg.bytedeco.javacpp.pathsFirst=true", f"-Djava.library.path={libtorch}"]
            # Not the directory of other processes: libraries in it are replaced.
            jvm.append(f"-Dorg.bytedeco.javacpp.cachedir={os.path.abspath('target/gpu/natives')}")
            command.append("-Dtest.jvm=" + " ".join(jvm))
        # Surefire prints the result, or writes it to a file of the test.
        reports = "target/torch*/surefire-reports/*GoldenTest-output.txt"
        for old in glob.glob(reports):
            os.remove(old)
        log = self.log("goldens")
        code = run([*command, "test"], log, self.left())
        text = ""
        for path in [*glob.glob(reports), log]:
            with open(path, errors="replace") as file:
                text += file.read()
        counts = re.findall(r"^(\d+) cases, (\d+) passed, (\d+) skipped", text, re.MULTILINE)
        if not counts:
            return self.expect(False, f"golden cases: no result, exit code {code}: {reason(log)} ({log})")
        cases, passed, _ = map(int, counts[-1])
        failing = re.findall(r"^(\S+) +torch .*(?:FAILED|Error|Exception)", text, re.MULTILINE)
        which = f": {', '.join(sorted(set(failing)))}" if failing else ""
        good = code == 0 and cases == passed > 0
        self.results.data["goldens"] = {"cases": cases, "passed": passed, "failing": sorted(set(failing))}
        return self.expect(good, f"{passed} of {cases} golden cases agree with the reference{which} ({log})")

    # Training by the command line

    def train(self, name, network, device, *overrides):
        """Trains a network for digits; returns the run directory and the losses of the epochs."""
        directory = os.path.join(self.out, name)
        shutil.rmtree(directory, ignore_errors=True)
        words = [f"train.device={device}", "train.backend=torch", *overrides, *(SMALL[network] if self.cpu else [])]
        command = [*self.vit4j, "train", "digits-" + network, "--run", directory]
        for word in words:
            command += ["--set", word]
        code = run(command, self.log(name), self.left())
        if code != 0:
            raise WorkerFailure(f"training on {device} ends with exit code {code}: {reason(self.log(name))}")
        with open(os.path.join(directory, "metrics.jsonl")) as lines:
            return directory, [json.loads(line)["train_loss"] for line in lines]

    def repeats(self):
        """Two equal trainings: attention with dropout, and convolutions with batch norm."""
        self.results.data["repeats"] = {}
        for network, overrides in [("vit", ["model.proj_drop=0.1"]), ("levit", [])]:
            epochs = f"train.epochs={1 if self.cpu or network == 'levit' else 3}"
            first, losses = self.train(network + "-1", network, self.device, epochs, *overrides)
            second, again = self.train(network + "-2", network, self.device, epochs, *overrides)
            paths = glob.glob(first + "/checkpoints/*.safetensors")
            same = losses == again and losses != [] and paths != []
            for path in paths:
                other = os.path.join(second, "checkpoints", os.path.basename(path))
                same = same and os.path.exists(other) and filecmp.cmp(path, other, shallow=False)
            self.results.data["repeats"][network] = {"losses": losses, "again": again, "equal": same}
            self.expect(same, f"two equal trainings of digits-{network} have equal losses and checkpoints: {losses}, {again}")

    def processes(self):
        """One process against two: on two GPUs, or on the CPU twice."""
        if not self.cpu and self.gpu.count() < 2:
            return self.skip("several processes, which need two GPUs")
        if not self.cpu and os.environ.get("VIT4J_LIBTORCH"):
            return self.skip("several processes, which need NCCL: only the natives with CUDA bind it, not pip's libtorch")
        one, two = ("cpu", "[cpu, cpu]") if self.cpu else ("cuda:0", "[cuda:0, cuda:1]")
        # A short first epoch: rounding grows with the number of steps.
        _, alone = self.train("one", "vit", one, "train.epochs=1", "model.proj_drop=0.1")
        _, together = self.train("two", "vit", two, "train.epochs=1", "model.proj_drop=0.1")
        difference = abs(alone[0] - together[0])
        self.results.data["processes"] = {"losses": [alone[0], together[0]]}
        return self.expect(difference < ROUNDING, f"losses of one process and of two differ by {difference:.1e}")

    def memory(self):
        steps = 100 if self.quick else 500
        limit = (16 << 20) + steps * (96 << 10)
        row = models.vit("vit_192x1_32px", depth=1, batch=2) if self.cpu else models.vit("vit_192x6_32px", batch=8)
        worker = vit4j(self, row, "fp32", self.log("memory"))
        try:
            worker.read()
            worker(f"train {steps // 5}")
            before, gpu_before = worker("memory")["resident"], self.gpu and self.gpu.used()
            worker(f"train {steps}")
            grown = worker("memory")["resident"] - before
            gpu_after = self.gpu and self.gpu.used()
        finally:
            worker.close()
        found = {"steps": steps, "host_growth": grown, "limit": limit}
        self.results.data["memory"] = found
        self.expect(grown < limit, f"host memory grows by {grown / 1e6:.1f} MB over {steps} steps, limit {limit / 1e6:.0f}")
        if gpu_before is not None and gpu_after is not None:
            found["gpu_growth"] = grown = gpu_after - gpu_before
            self.expect(grown < limit, f"GPU memory grows by {grown / 1e6:.1f} MB over {steps} steps, limit {limit / 1e6:.0f}")
        elif not self.cpu:
            self.skip("growth of GPU memory: nvidia-smi does not report it")

    def speed(self):
        speed(self)


def processor():
    """The name of the processor, by Linux; elsewhere its architecture."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def interrupted(signum, frame):
    raise KeyboardInterrupt


def main():
    options = parsed()
    if options.validate:
        return 0
    os.makedirs(options.out, exist_ok=True)
    for one in (signal.SIGTERM, signal.SIGHUP):  # a lost connection
        signal.signal(one, interrupted)
    start, status = time.monotonic(), None
    version = os.path.join(options.out, "version.txt")
    results = Results(
        options.out,
        device=options.device,
        card="" if options.device == "cpu" else Gpu(options.device).name(),
        machine=processor(),
        processors=os.cpu_count(),
        networks=options.networks.split(","),
        version=open(version).read().strip() if os.path.exists(version) else "",
        libtorch="pip package" if os.environ.get("VIT4J_LIBTORCH") else "jar",
        quick=options.quick,
    )
    try:
        check = Check(options, results)
        for step in (check.goldens, check.repeats, check.memory, check.processes, check.speed):
            name = step.__name__
            print(f"== {name} ({time.monotonic() - start:.0f} s)", flush=True)
            if check.left() < 1:
                results.skip(f"{name}: time is up, see --minutes", matters=True)
                continue
            try:
                step()
            except Exception as problem:  # the next steps are independent
                results.expect(False, f"{name}: {type(problem).__name__}: {problem}")
            results.data["seconds"] = round(time.monotonic() - start, 1)
    except KeyboardInterrupt:
        status = "interrupted"
    return results.finish(status)


if __name__ == "__main__":
    sys.exit(main())
