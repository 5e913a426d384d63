#!/usr/bin/env bash
# sources.sh DIR: clones the authors' code that is not a package, at the commits the cases were made with.
set -euo pipefail
mkdir -p "$1"
while read -r repository commit; do
    target="$1/${repository#*/}"
    [ -d "$target" ] || git clone -q "https://github.com/$repository" "$target"
    git -C "$target" checkout -q "$commit"
done <<'END'
rishikksh20/CeiT-pytorch d41cb23743fbb34c4354564a958f1d78de4e2770
zhoudaquan/dvit_repo 1ccb152cea43fcbc3cd517a45c12c65734f8ace3
yitu-opensource/T2T-ViT 0f63dc9558f4d192de926504dbddfa1b3f5db6ca
coeusguo/ceit 44c16d3ee9ed5306abffecdc254af11e89197253
microsoft/CvT f851e681966390779b71380d2600b52360ff4fe1
ViTAE-Transformer/ViTAE-Transformer aebf1d79da36705f658143c8ff3114984fb04951
END
