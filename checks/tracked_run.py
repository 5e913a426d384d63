"""Compares a run on an MLflow server, and the TensorBoard event file, with the files of the run directory.

Usage: tracked_run.py RUN STATUS. The server is that of MLFLOW_TRACKING_URI.
"""

import json
import math
import pathlib
import sys

from mlflow import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def check(holds, message):
    if not holds:
        sys.exit(f"{directory}: {message}")


def equal(a, b):
    return a == b or math.isclose(a, b, rel_tol=1e-6) or (math.isnan(a) and math.isnan(b))


def same(name, got, expected):
    """Compares lists of (step, value)."""
    check([step for step, _ in got] == [step for step, _ in expected], f"{name}: steps {got}, expected {expected}")
    check(all(equal(a, b) for (_, a), (_, b) in zip(got, expected)), f"{name}: {got}, expected {expected}")


def tag(key):
    group, _, name = key.rpartition("_")
    return f"{group}/{name}" if key.startswith(("train_", "val_")) else f"epoch/{key}"


def epochs_by_tag():
    """Metrics of metrics.jsonl as (epoch, value) by tag."""
    values = {}
    for line in (directory / "metrics.jsonl").read_text().splitlines():
        epoch = json.loads(line)
        for key, value in epoch.items():
            if key not in ("epoch", "step", "metrics"):
                values.setdefault(tag(key), []).append((epoch["epoch"], value))
    return values


def check_run(run):
    """Parameters, metrics, tags and files of a training run."""
    history = {
        key: [(m.step, m.value) for m in sorted(client.get_metric_history(run.info.run_id, key), key=lambda m: m.step)]
        for key in run.data.metrics
    }
    epochs = epochs_by_tag()
    check(len(epochs) > 5, f"only {list(epochs)} in metrics.jsonl")
    for name, values in epochs.items():
        same(name, history[name], values)

    # TensorBoard's own reader. It has 32-bit values.
    events = EventAccumulator(str(directory), size_guidance={"scalars": 0}).Reload()
    scalars = {name: [(e.step, e.value) for e in events.Scalars(name)] for name in events.Tags()["scalars"]}
    check(set(scalars) == {name for name in history if not name.startswith("best/")}, f"tags {sorted(scalars)}")
    for name, values in scalars.items():
        same(name, values, history[name])
    steps = [step for step, _ in scalars["step/loss"]]
    check(steps == list(range(10, steps[-1] + 1, 10)), f"step/loss: {steps}")

    best = max(epochs["val/top1"], key=lambda pair: pair[1])
    check(equal(history["best/top1"][-1][1], best[1]), f"best/top1 {history['best/top1']}, expected {best}")
    check(run.data.params["train.optimizer.name"] == "adamw", f"parameters {run.data.params}")
    check(run.data.params["data.augment.0.name"] == "resize", f"parameters {run.data.params}")
    check(len(run.data.params) > 60, f"only {len(run.data.params)} parameters")
    check(run.data.tags["team"] == "vision", f"tags {run.data.tags}")
    check(run.data.tags["mlflow.source.name"].startswith("vit4j train"), f"tags {run.data.tags}")
    check("vit4j.host" in run.data.tags, f"tags {run.data.tags}")
    files = {"config.yaml", "report.html"} | ({"model.keras"} if status == "FINISHED" else set())
    check_files(run, files)


def check_files(run, names):
    found = {file.path for file in client.list_artifacts(run.info.run_id)}
    check(found == names, f"files {found}, expected {names}")
    for name in names:
        copy = pathlib.Path(client.download_artifacts(run.info.run_id, name))
        check(copy.read_bytes() == (directory / name).read_bytes(), f"{name} differs from the one on the server")


directory, status = pathlib.Path(sys.argv[1]), sys.argv[2]
client = MlflowClient()
experiment = client.get_experiment_by_name("digits").experiment_id
run_id = json.loads((directory / "mlflow.json").read_text())["run_id"]
found = client.get_run(run_id)
check(found.info.experiment_id == experiment, f"experiment {found.info.experiment_id}, expected {experiment}")
check(found.info.status == status, f"status {found.info.status}, expected {status}")
check(found.info.run_name == directory.name, f"name {found.info.run_name}")
if (directory / "sweep.json").exists():
    check_files(found, {"sweep.html", "sweep.csv"})
    below = client.search_runs([experiment], f"tags.mlflow.parentRunId = '{run_id}'")
    check(sorted(run.info.run_name for run in below) == ["lr=1e-3", "lr=1e-4"], f"runs {below}")
    sweep = directory
    for child in below:
        directory = sweep / child.info.run_name
        check_run(child)
else:
    check_run(found)
