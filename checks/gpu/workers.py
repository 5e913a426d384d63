"""Processes of checks/gpu: commands with a time limit, and workers that answer by lines of JSON."""

import json
import os
import queue
import re
import signal
import subprocess
import threading

INFORMATIVE = re.compile(r"^vit4j: |(Error|Exception)\b")


class WorkerFailure(Exception):
    """A process that ended, hung or answered nonsense; the message is one line."""


def stop(process):
    """Ends a process and those that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def run(command, log, seconds):
    """Runs a command with its output in a file; returns the exit code."""
    with open(log, "w") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    try:
        return process.wait(max(1, seconds))
    except subprocess.TimeoutExpired:
        raise WorkerFailure(f"did not end in {seconds:.0f} s ({log})") from None
    finally:
        if process.poll() is None:
            stop(process)


def reason(log):
    """The line of a log that most likely says why a process failed."""
    with open(log, errors="replace") as text:
        lines = [line.strip() for line in text if line.strip()]
    # The last one: of a Java stack trace the innermost cause, of a Python traceback the exception.
    return ([line for line in lines if INFORMATIVE.search(line)] or lines or ["no output"])[-1][:500]


class Worker:
    def __init__(self, command, log, seconds):
        self.log, self.seconds = log, seconds
        with open(log, "w") as errors:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self.answers = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            if line.startswith("{"):  # libraries print other lines
                self.answers.put(line)
        self.answers.put(None)

    def read(self):
        try:
            line = self.answers.get(timeout=max(1, self.seconds()))
        except queue.Empty:
            raise WorkerFailure(f"no answer in time ({self.log})") from None
        if line is None:
            raise self.failure()
        return json.loads(line)

    def failure(self):
        code = self.process.wait()
        # 137 and -9: usually the host's memory is exhausted.
        return WorkerFailure(f"{reason(self.log)} (exit code {code}, {self.log})")

    def __call__(self, command):
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except OSError:
            raise self.failure() from None
        return self.read()

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            pass
        finally:
            stop(self.process)


class Gpu:
    """A GPU by nvidia-smi: in containers it lists no processes, so memory is that of all processes together."""

    def __init__(self, device):
        number = int(device.split(":")[1])
        visible = [word.strip() for word in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if word.strip()]
        self.id = visible[number] if number < len(visible) else str(number)
        self.visible = visible

    def query(self, fields):
        command = ["nvidia-smi", "--id=" + self.id, "--query-gpu=" + fields, "--format=csv,noheader,nounits"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    def name(self):
        return self.query("name,driver_version,memory.total") or "unknown: nvidia-smi does not describe it"

    def used(self):
        """Bytes in use; None if they are not reported, as for parts of a GPU (MIG)."""
        answer = self.query("memory.used")
        return int(answer) << 20 if answer.isdigit() else None

    def count(self):
        """The number of GPUs that CUDA sees."""
        if self.visible:
            return len(self.visible)
        try:
            listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30).stdout
        except (OSError, subprocess.TimeoutExpired):
            return 1
        return sum(line.startswith("GPU ") for line in listed.splitlines())
