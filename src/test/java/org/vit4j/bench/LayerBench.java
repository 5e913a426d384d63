package org.vit4j.bench;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.vit4j.backend.Backend;
import org.vit4j.backend.GradientStep;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * Single layers on both backends: {@code bench/kernels.sh LayerBench}. Shapes are those of ViT-Tiny at 224 pixels (T =
 * 197 tokens, width D = 192, H = 3 heads) and images of 56 x 56 pixels with 64 channels.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LayerBench {
    private static final int TOKENS = 197;
    private static final int WIDTH = 192;
    private static final int HEADS = 3;
    private static final int SIDE = 56;
    private static final int CHANNELS = 64;
    private static final Window THREE = new Window(3, 3, 1, 1, 1, 1, 1);
    private static final Window DILATED = new Window(3, 3, 1, 1, 2, 2, 2);
    private static final Window HALVE = new Window(2, 2, 2, 2, 0, 0, 1);

    @Param({
        "dense",
        "dense_gelu",
        "gelu",
        "layer_norm",
        "attention",
        "conv",
        "conv_grouped",
        "conv_depthwise",
        "conv_dilated",
        "batch_norm",
        "max_pool"
    })
    public String layer;

    @Param({"onednn", "samediff"})
    public String backend;

    @Param({"8"})
    public int batch;

    private Inference inference;
    private GradientStep step;
    private INDArray x;

    @Setup(Level.Trial)
    public void prepare() {
        Graph graph = new Graph(Init.PYTORCH);
        boolean image = layer.startsWith("conv") || layer.equals("batch_norm") || layer.equals("max_pool");
        Tensor in = image ? graph.input("x", SIDE, SIDE, CHANNELS) : graph.input("x", TOKENS, WIDTH);
        // The output is a mean, as small as the logits of a network, so that copying the layer's output is not
        // measured.
        Tensor y = build(graph, in);
        for (int i = 1; y.shape().rank() > 1; i++) y = graph.mean("mean" + i, y, 0);
        graph.output("logits", y);
        ParameterStore parameters = new ParameterStore(graph.parameters(), DataType.FLOAT);
        parameters.initialize(1);
        Backend on = Backend.named(backend);
        x = Nd4j.randn(DataType.FLOAT, in.shape().batched(batch));
        inference = on.inference(graph, parameters);
        // Includes the gradient with respect to the input, as for a layer inside a network.
        var spec = new GradientStep.GradientSpec(
                network -> network.output("logits").mean(), List.of(), List.of("x"));
        step = on.step(graph, parameters, org.vit4j.backend.Mode.TRAINING, spec);
    }

    private Tensor build(Graph g, Tensor x) {
        return switch (layer) {
            case "dense" -> g.dense("y", x, 4 * WIDTH);
            case "dense_gelu" -> g.activate("y", g.dense("dense", x, 4 * WIDTH), Activation.GELU);
            case "gelu" -> g.activate("y", x, Activation.GELU);
            case "layer_norm" -> g.layerNorm("y", x, 1e-6);
            case "attention" -> {
                Tensor heads = g.splitHeads("heads", x, HEADS); // [H, T, d], as q, k and v at once
                yield g.weightedSum("y", g.softmax("probs", g.scores("scores", heads, heads, 0.125)), heads);
            }
            case "conv" -> g.conv2d("y", x, CHANNELS, THREE, 1, true);
            case "conv_grouped" -> g.conv2d("y", x, CHANNELS, THREE, 8, true);
            case "conv_depthwise" -> g.conv2d("y", x, CHANNELS, THREE, CHANNELS, true);
            case "conv_dilated" -> g.conv2d("y", x, CHANNELS, DILATED, 1, true);
            case "batch_norm" -> g.batchNorm("y", x, 1e-5);
            case "max_pool" -> g.maxPool("y", x, HALVE);
            default -> throw new IllegalArgumentException(layer);
        };
    }

    /** Inference. */
    @Benchmark
    public INDArray forward() {
        return inference.logits(x);
    }

    /** Training: forward, mean of the output, backward to parameters and input. */
    @Benchmark
    public double step() {
        step.run(Map.of("x", x));
        return step.loss();
    }

    @TearDown
    public void close() {
        inference.close();
        step.close();
    }
}
