#!/usr/bin/env bash
# Checks the libtorch backend on the first NVIDIA GPU: golden cases, and whether two equal trainings are equal.
# Needs a JDK, Maven and a driver for CUDA 13; see docs/cuda.md. Writes target/gpu/, with the name of the card. Has not run on a card.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=target/gpu
mkdir -p "$out"
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | head -1 | tee "$out/card.txt"

# TF32 is off; these make cuBLAS repeat its results.
export CUBLAS_WORKSPACE_CONFIG=:4096:8 OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

echo "golden cases"
mvn -q -B -Ptorch,torch-cuda -Djacoco.skip -Dtest=GoldenTest -Dengine=torch -Ddevice=cuda:0 test | tee "$out/goldens.txt"

echo "two equal trainings"
mvn -q -B -Ptorch,torch-cuda -DskipTests -Djacoco.skip -Dmaven.source.skip -Dmaven.javadoc.skip -Ddist.skip package
for n in 1 2; do
  rm -rf "$out/run$n"
  java -jar target/torch/vit4j.jar train digits-vit --run "$out/run$n" --set train.device=cuda:0 --set train.epochs=3 |
    tee "$out/train$n.txt"
done
losses() { grep -o '"train_loss":[^,]*' "$1/metrics.jsonl"; }
if diff <(losses "$out/run1") <(losses "$out/run2"); then echo "equal losses"; else
  echo "the losses of two equal trainings differ" >&2
  exit 1
fi
