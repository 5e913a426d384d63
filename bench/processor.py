"""The processor of this machine, for the reports of the benchmarks."""

import subprocess

# Newest first: the name of the instruction set, and the flag of /proc/cpuinfo that it needs.
SETS = [("avx512-amx", "amx_bf16"), ("avx512-bf16", "avx512_bf16"), ("avx512", "avx512f"), ("avx2", "avx2")]
SHOWN = ["avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"]
# Environment variables that limit the kernels of vit4j and PyTorch to an older instruction set. ONNX Runtime and OpenVINO use MLAS,
# which has no such setting. The name is that of results and pages; the processor keeps its clock, caches and memory.
LIMITS = {
    "avx2-limited": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",  # oneDNN of both
        "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own kernels, and code of torch.compile
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",  # PyTorch's float32 matrix products
        "VIT4J_JAVA_OPTS": "-XX:UseAVX=2",
    }
}
FIELDS = ["Model name", "CPU family", "Model", "Stepping", "CPU(s)", "L2 cache", "L3 cache", "Hypervisor vendor"]


def flags():
    with open("/proc/cpuinfo") as lines:
        return next((set(line.split(":")[1].split()) for line in lines if line.startswith("flags")), set())


def instruction_set():
    """Returns the name that pages and results of this kind of processor have, such as avx512-amx."""
    here = flags()
    return next((name for name, flag in SETS if flag in here), "baseline")


def has_bfloat16(limit=None):
    """Returns true if the processor has bfloat16 products, and the limit, a key of LIMITS, does not switch them off."""
    return limit not in LIMITS and bool(flags() & {"amx_bf16", "avx512_bf16"})


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
