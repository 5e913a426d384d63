"""The processor of this machine, for the reports of the benchmarks."""

import subprocess

# Newest first: the name of the instruction set, and the flag of /proc/cpuinfo that it needs.
SETS = [("avx512-amx", "amx_bf16"), ("avx512-bf16", "avx512_bf16"), ("avx512", "avx512f"), ("avx2", "avx2")]
SHOWN = ["avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"]
FIELDS = ["Model name", "CPU family", "Model", "Stepping", "CPU(s)", "L2 cache", "L3 cache", "Hypervisor vendor"]


def flags():
    with open("/proc/cpuinfo") as lines:
        return next((set(line.split(":")[1].split()) for line in lines if line.startswith("flags")), set())


def instruction_set():
    """Returns the name that pages and results of this kind of processor have, such as avx512-amx."""
    here = flags()
    return next((name for name, flag in SETS if flag in here), "baseline")


def has_bfloat16():
    return bool(flags() & {"amx_bf16", "avx512_bf16"})


def describe():
    """Returns what lscpu reports, and the instruction sets that matter for matrix products."""
    lines = subprocess.run(["lscpu"], capture_output=True, text=True, check=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    found = {}
    for line in lines.stdout.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in FIELDS:
            found[key.strip()] = value.strip()
    here = flags()
    return {**found, "instruction sets": " ".join(flag for flag in SHOWN if flag in here)}
