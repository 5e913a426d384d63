"""Draws the training losses of runs that differ in precision and seed: docs/img/precision.svg.

    python tools/precision_curves.py docs/img/precision.svg vit levit pit

The runs of NETWORK are runs/precision/NETWORK-bf16-1, NETWORK-fp32-1 and NETWORK-fp32-2 (precision and seed).
"""

import json
import math
import sys
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP, GAP = 250, 180, 44, 34, 24
LINES = [("bf16-1", "#d55e00", "", "bf16"), ("fp32-1", "#0072b2", "", "fp32"), ("fp32-2", "#0072b2", "4 3", "fp32, seed 2")]


def losses(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [row["train_loss"] for row in rows]


def panel(network, left, root):
    curves = {key: losses(root / f"{network}-{key}") for key, *_ in LINES}
    low = math.floor(min(map(min, curves.values())) * 10) / 10
    high = math.ceil(max(map(max, curves.values())) * 10) / 10
    count = max(map(len, curves.values()))

    def x(i):
        return left + LEFT + i * WIDTH / max(1, count - 1)

    def y(loss):
        return TOP + (high - loss) * HEIGHT / (high - low)

    parts = [f'<text x="{left + LEFT}" y="20" font-weight="bold">digits-{network}</text>']
    for step in range(5):
        value = low + (high - low) * step / 4
        parts.append(f'<line x1="{left + LEFT}" x2="{left + LEFT + WIDTH}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left + LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.2f}</text>')
    for i in range(0, count, max(1, count // 5)):
        parts.append(f'<text x="{x(i):.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{i + 1}</text>')
    for key, color, dash, _ in LINES:
        points = " ".join(f"{x(i):.1f},{y(loss):.1f}" for i, loss in enumerate(curves[key]))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.8" stroke-dasharray="{dash}"/>')
    return parts


def main(out, networks):
    total = len(networks) * (LEFT + WIDTH + GAP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {TOP + HEIGHT + 62}" font-family="sans-serif" font-size="12">']
    parts.append("<title>Training loss by epoch</title>")
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for i, network in enumerate(networks):
        parts += panel(network, i * (LEFT + WIDTH + GAP), Path("runs/precision"))
    for i, (_, color, dash, label) in enumerate(LINES):
        left, top = LEFT + 150 * i, TOP + HEIGHT + 46
        parts.append(f'<line x1="{left}" x2="{left + 30}" y1="{top}" y2="{top}" stroke="{color}" stroke-width="1.8" stroke-dasharray="{dash}"/>')
        parts.append(f'<text x="{left + 36}" y="{top + 4}">{label}</text>')
    parts.append("</svg>")
    Path(out).write_text("\n".join(parts) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
