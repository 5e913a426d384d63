"""Training and inference of vit4j and PyTorch in turns."""

import json
import os
import statistics

import models
from workers import Worker, WorkerFailure

HERE = os.path.dirname(os.path.abspath(__file__))
MISSING = ("vit4j_missing", "pytorch_missing")


def vit4j(check, row, precision, log):
    """A worker of vit4j's libtorch backend."""
    command = [*check.vit4j, "bench-worker", row.config, "--runner", "torch"]
    for word in [*row.overrides(), f"train.device={check.device}", f"train.precision={precision}"]:
        command += ["--set", word]
    return Worker(command, log, check.left)


def pytorch(check, row, precision, log):
    """A worker of PyTorch, which imports its packages and then waits for "open"."""
    fields = {"peer": row.peer, "image": row.image, "batch": row.batch, "classes": row.classes}
    fields.update(device=check.device, precision=precision)
    return Worker([check.python, os.path.join(HERE, "peer.py"), json.dumps(fields)], log, check.left)


def sized(check, name, batch):
    """A network of bench/models.py with the given batch; on the CPU tiny, where PyTorch's can be so too."""
    row = next(row for row in models.ROWS if row.name == name)
    peer, sets = dict(row.peer), list(row.sets)
    if check.cpu:
        batch = 1
        if peer.get("package") == "timm":
            peer["arguments"] = {**peer["arguments"], "depth": 1}
            sets.append("model.depth=1")
    return models.Row(row.name, row.config, peer, row.image, batch, row.classes, sets, row.note)


def speed(check):
    """All networks, by precision first: a lack of time affects TF32 only."""
    for precision in ["fp32", "bf16"] if check.cpu or check.quick else ["fp32", "bf16", "tf32"]:
        for name in check.networks:
            if check.left() < (5 if check.cpu else 20):
                check.skip(f"speed of {name} in {precision}: time is up, see --minutes", matters=True)
                continue
            row = sized(check, name, check.batch)
            result = Turns(check, row, precision).result()
            while row.batch > 1 and any("out of memory" in result.get(side, "") for side in MISSING):
                row = sized(check, name, row.batch // 2)
                print(f"{name} {precision}: out of memory, again with batch {row.batch}", flush=True)
                result = Turns(check, row, precision).result()
            check.results.add(result)
            if "vit4j_missing" in result:
                check.expect(False, f"speed of {name} in {precision}: {result['vit4j_missing']}")
            if "pytorch_missing" in result and row.peer and not check.no_peer:
                check.skip(f"PyTorch, {name} in {precision}: {result['pytorch_missing']}")


class Turns:
    """Rounds of one network, in which two workers take turns. One that fails leaves; the other goes on."""

    def __init__(self, check, row, precision):
        self.check, self.row, self.precision = check, row, precision
        self.rounds, self.steps = (1, 1) if check.cpu else (1, 5) if check.quick else (3, 5)
        self.workers, self.times, self.memory, self.missing = {}, {}, {}, {}

    def result(self):
        check, row, precision = self.check, self.row, self.precision
        self.used = check.gpu.used() if check.gpu else 0
        try:
            self.workers["vit4j"] = vit4j(check, row, precision, check.log("vit4j", row.name, precision))
            if check.no_peer or not row.peer:
                self.missing["pytorch_missing"] = check.no_peer or row.note
            else:
                self.workers["pytorch"] = pytorch(check, row, precision, check.log("pytorch", row.name, precision))
            self.each(self.open)
            self.each(self.warm_up)
            for _ in range(self.rounds):
                self.each(self.turn, "training", f"train {self.steps}")
                self.each(self.turn, "inference", f"infer {row.batch} {self.steps}")
        finally:
            for worker in self.workers.values():
                worker.close()
        result = {"network": row.name, "precision": precision, "batch": row.batch, **self.missing}
        return {**result, **{name: self.measured(name) for name in self.workers}}

    def each(self, work, *arguments):
        for name in list(self.workers):
            try:
                work(name, *arguments)
            except (WorkerFailure, ValueError, KeyError) as problem:
                self.missing[name + "_missing"] = str(problem)
                self.workers.pop(name).close()

    def open(self, name):
        """Waits for the network, runs it once in both ways, and notes the memory that this takes."""
        worker = self.workers[name]
        if name == "pytorch":
            self.check.results.data["pytorch"] = worker("open")["ready"]
        else:
            worker.read()
        worker("train 1")
        worker(f"infer {self.row.batch} 1")
        if not self.check.gpu:
            self.memory[name] = worker("memory")["peak"]
            return
        before, self.used = self.used, self.check.gpu.used()
        self.memory[name] = None if before is None or self.used is None else self.used - before

    def warm_up(self, name):
        self.workers[name](f"train {self.steps}")
        self.workers[name](f"infer {self.row.batch} {self.steps}")

    def turn(self, name, kind, command):
        self.times.setdefault((name, kind), []).extend(self.workers[name](command)["seconds"])

    def measured(self, name):
        rates = {kind: self.row.batch / statistics.median(self.times[name, kind]) for kind in ("training", "inference")}
        return {
            "training_images_per_second": rates["training"],
            "inference_images_per_second": rates["inference"],
            "memory": self.memory[name],
        }
