package org.vit4j.bench;

import java.util.concurrent.TimeUnit;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.transforms.strict.GELU;
import org.nd4j.linalg.factory.Nd4j;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Single operations of a ViT block with ND4J's own kernels: {@code bench/kernels.sh KernelBench}. Shapes are those of
 * ViT-Tiny at 224 pixels: T = 197 tokens, width D = 192, H = 3 heads of width d = 64.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class KernelBench {
    private static final int TOKENS = 197;
    private static final int WIDTH = 192;
    private static final int HEADS = 3;
    private static final int HEAD_WIDTH = 64;
    private static final int HIDDEN = 4 * WIDTH;

    @Param({"1", "8"})
    public int batch;

    private CustomOp dense;
    private CustomOp scores;
    private CustomOp weightedSum;
    private CustomOp softmax;
    private CustomOp layerNorm;
    private CustomOp layerNormGradient;
    private GELU gelu;
    private CustomOp add;
    private CustomOp splitHeads;

    @Setup(Level.Trial)
    public void prepare() {
        int rows = batch * TOKENS;
        INDArray x = random(rows, WIDTH); // [B * T, D]
        INDArray wide = random(rows, HIDDEN); // [B * T, 4D]
        INDArray q = random(batch, HEADS, TOKENS, HEAD_WIDTH); // [B, H, T, d]
        INDArray probs = random(batch, HEADS, TOKENS, TOKENS); // [B, H, T, T]
        INDArray scale = random(WIDTH);

        dense = op("matmul", empty(rows, HIDDEN), x, random(WIDTH, HIDDEN)).build();
        scores = op("matmul", empty(batch, HEADS, TOKENS, TOKENS), q, q)
                .addIntegerArguments(0, 1, 0) // the second transposed
                .build();
        weightedSum =
                op("matmul", empty(batch, HEADS, TOKENS, HEAD_WIDTH), probs, q).build();
        softmax = op("softmax", empty(batch, HEADS, TOKENS, TOKENS), probs)
                .addIntegerArguments(3)
                .build();
        layerNorm = op("layer_norm", empty(rows, WIDTH), x, scale, random(WIDTH))
                .addIntegerArguments(1)
                .addBooleanArguments(false)
                .build();
        layerNormGradient = DynamicCustomOp.builder("layer_norm_bp")
                .addInputs(x, scale, random(WIDTH), random(rows, WIDTH))
                .addOutputs(empty(rows, WIDTH), empty(WIDTH), empty(WIDTH))
                .addIntegerArguments(1)
                .addBooleanArguments(false)
                .build();
        gelu = new GELU(wide, empty(rows, HIDDEN));
        add = op("add", empty(rows, WIDTH), x, random(rows, WIDTH)).build();
        splitHeads = op("permute", empty(batch, HEADS, TOKENS, HEAD_WIDTH), random(batch, TOKENS, HEADS, HEAD_WIDTH))
                .addIntegerArguments(0, 2, 1, 3)
                .build();
    }

    private static DynamicCustomOp.DynamicCustomOpsBuilder op(String name, INDArray out, INDArray... in) {
        return DynamicCustomOp.builder(name).addInputs(in).addOutputs(out);
    }

    private static INDArray random(long... shape) {
        return Nd4j.randn(DataType.FLOAT, shape);
    }

    private static INDArray empty(long... shape) {
        return Nd4j.createUninitialized(DataType.FLOAT, shape);
    }

    private static INDArray[] run(CustomOp op) {
        return Nd4j.exec(op);
    }

    /** First layer of an MLP without bias, [B * T, D] x [D, 4D]. */
    @Benchmark
    public INDArray[] dense() {
        return run(dense);
    }

    /** Attention scores, [B, H, T, d] x [B, H, d, T]. */
    @Benchmark
    public INDArray[] scores() {
        return run(scores);
    }

    /** Weighted sum of values, [B, H, T, T] x [B, H, T, d]. */
    @Benchmark
    public INDArray[] weightedSum() {
        return run(weightedSum);
    }

    @Benchmark
    public INDArray[] softmax() {
        return run(softmax);
    }

    @Benchmark
    public INDArray[] layerNorm() {
        return run(layerNorm);
    }

    @Benchmark
    public INDArray[] layerNormGradient() {
        return run(layerNormGradient);
    }

    /** ND4J's sigmoid approximation; there is no op for the exact GELU. */
    @Benchmark
    public INDArray gelu() {
        return Nd4j.exec(gelu);
    }

    @Benchmark
    public INDArray[] add() {
        return run(add);
    }

    /** Permutation [B, T, H, d] -> [B, H, T, d]. */
    @Benchmark
    public INDArray[] splitHeads() {
        return run(splitHeads);
    }
}
