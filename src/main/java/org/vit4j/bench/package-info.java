/**
 * Benchmarks: training and inference speed and memory of a config's network.
 *
 * <p>Start with {@link org.vit4j.bench.Bench}, which runs every {@link org.vit4j.bench.Subject} (plain SameDiff, the
 * SameDiff backend, the oneDNN backend) in alternation; {@link org.vit4j.bench.BenchReport} formats the results. {@link
 * org.vit4j.bench.BenchWorker} serves comparisons with PyTorch, ONNX Runtime and DJL by {@code bench/compare.py}.
 */
package org.vit4j.bench;
