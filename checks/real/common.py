"""Helpers of the real-file checks: runs the vit4j launcher and compares what it prints."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAUNCHER = os.environ.get("VIT4J", str(ROOT / "vit4j"))


def vit4j(*args, code=0, stdin=None, cwd=None, env=None):
    """Runs ./vit4j with args, asserts the exit code, and returns the completed process (text streams)."""
    done = subprocess.run(
        [*LAUNCHER.split(), *map(str, args)],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**os.environ, **(env or {})},
        check=False,
    )
    assert done.returncode == code, (
        f"vit4j {' '.join(map(str, args))}: exit code {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    )
    return done


def vit4j_json(*args, code=0, **options):
    """Runs ./vit4j with --json and returns the parsed standard output."""
    return json.loads(vit4j(*args, "--json", code=code, **options).stdout)


def one_line_error(done, *words):
    """Asserts that standard error is one line without a stack trace that contains all words."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, f"expected one line on standard error:\n{done.stderr}"
    for word in words:
        assert word in lines[0], f"expected '{word}' in: {lines[0]}"
