package org.vit4j.models;

import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.graph.Activation;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;

/**
 * ResNet: "Deep Residual Learning for Image Recognition", He et al. 2016, arXiv:1512.03385. A convolutional
 * teacher for distillation; DeiT benefits most from convolutional teachers (arXiv:2012.12877, table 2).
 *
 * <p>imagenet: pytorch/vision, {@code torchvision/models/resnet.py}, including parameter names; a bottleneck has its
 * stride in the 3x3 convolution ("v1.5"), in the paper in the first 1x1. cifar: section 4.2 of the paper, depth 6n + 2.
 *
 * @param style type of stem and stages
 * @param depth number of convolutions and dense layers, without shortcuts
 * @param width channels of the first stage, doubled by each further stage
 * @param zeroInit true if the last norm of each branch starts at 0 (torchvision's {@code zero_init_residual})
 */
public record ResNet(
        ImageSpec image,
        int classes,
        ResNetStyle style,
        int depth,
        int width,
        boolean zeroInit,
        double normEps,
        double headDrop)
        implements ModelConfig {

    private static final int EXPANSION = 4;

    @Override
    public Graph build() {
        Graph g = new Graph(HE);
        Tensor x = image.input(g); // [H, W, C]
        x = style == ResNetStyle.CIFAR ? stem(g, x, 3, 1) : stem(g, x, 7, 2); // [H', W', width]
        if (style == ResNetStyle.IMAGENET) x = g.maxPool("maxpool", x, Window.square(3, 2, 1)); // [H/4, W/4, width]
        List<Integer> blocks = blocks();
        for (int stage = 0; stage < blocks.size(); stage++) {
            for (int i = 0; i < blocks.get(stage); i++) {
                int stride = stage > 0 && i == 0 ? 2 : 1;
                x = block(g.scope("layer" + (stage + 1) + "." + i), x, width << stage, stride); // [h, w, planes]
            }
        }
        Tensor tokens = g.reshape("tokens", x, x.dim(0) * x.dim(1), x.dim(2)); // [T, D]
        Tensor pooled = g.mean("avgpool", tokens, 0); // [D]
        g.output("logits", g.dense("fc", g.dropout("head_drop", pooled, headDrop), classes)); // [K]
        return g;
    }

    private Tensor stem(Graph g, Tensor x, int kernel, int stride) {
        Tensor y = g.conv2d("conv1", x, width, Window.square(kernel, stride, kernel / 2), 1, false); // [H', W', width]
        return g.activate("relu", g.batchNorm("bn1", y, normEps), Activation.RELU); // [H', W', width]
    }

    /** Number of blocks of each stage. */
    private List<Integer> blocks() {
        if (style == ResNetStyle.CIFAR) return List.of((depth - 2) / 6, (depth - 2) / 6, (depth - 2) / 6);
        return switch (depth) {
            case 18 -> List.of(2, 2, 2, 2);
            case 34, 50 -> List.of(3, 4, 6, 3);
            case 101 -> List.of(3, 4, 23, 3);
            case 152 -> List.of(3, 8, 36, 3);
            default -> throw new AssertionError(depth);
        };
    }

    /**
     * relu(shortcut + branch): [H, W, C] -> [H / stride, W / stride, planes], with four times the planes in
     * bottlenecks.
     */
    private Tensor block(Graph g, Tensor x, int planes, int stride) {
        boolean bottleneck = style == ResNetStyle.IMAGENET && depth >= 50;
        Tensor y = bottleneck ? bottleneck(g, x, planes, stride) : basic(g, x, planes, stride);
        Tensor sum = g.add("add", shortcut(g, x, y, stride), y); // [H', W', C']
        return g.activate("out", sum, Activation.RELU); // [H', W', C']
    }

    private Tensor basic(Graph g, Tensor x, int planes, int stride) {
        Tensor h = convolution(g, 1, x, planes, 3, stride, false); // [H', W', planes]
        return convolution(g, 2, relu(g, 1, h), planes, 3, 1, true); // [H', W', planes]
    }

    private Tensor bottleneck(Graph g, Tensor x, int planes, int stride) {
        Tensor h = convolution(g, 1, x, planes, 1, 1, false); // [H, W, planes]
        h = convolution(g, 2, relu(g, 1, h), planes, 3, stride, false); // [H', W', planes]
        return convolution(g, 3, relu(g, 2, h), EXPANSION * planes, 1, 1, true); // [H', W', 4 planes]
    }

    private Tensor convolution(Graph g, int number, Tensor x, int filters, int kernel, int stride, boolean last) {
        Tensor y = g.conv2d("conv" + number, x, filters, Window.square(kernel, stride, kernel / 2), 1, false);
        Init gamma = last && zeroInit ? Init.ZEROS : Init.ONES;
        return g.batchNorm("bn" + number, y, y.shape().rank() - 1, normEps, gamma); // [H', W', filters]
    }

    private static Tensor relu(Graph g, int number, Tensor x) {
        return g.activate("relu" + number, x, Activation.RELU); // [H, W, C]
    }

    /**
     * Shortcut: the input, or a 1x1 convolution if the shape changes (option B of the paper, as in torchvision). For
     * CIFAR the paper used option A, every second pixel with zeros for the new channels. Option A would need another
     * operation in all backends and exporters, saves 2,752 of 272,474 parameters of ResNet-20, and is slightly worse in
     * table 3 of the paper.
     */
    private Tensor shortcut(Graph g, Tensor x, Tensor y, int stride) {
        if (x.shape().equals(y.shape())) return x;
        Tensor projected = g.conv2d("downsample.0", x, y.dim(2), Window.square(1, stride, 0), 1, false); // [H', W', C']
        return g.batchNorm("downsample.1", projected, normEps); // [H', W', C']
    }

    /**
     * Initialization of He et al. 2015, arXiv:1502.01852: convolutions normal with variance 2 / fan out, as in
     * torchvision and the authors' Torch code; the head like PyTorch's {@code nn.Linear}.
     */
    private static final Init.InitScheme HE = new Init.InitScheme() {
        @Override
        public Init denseKernel(int fanIn, int fanOut) {
            return Init.PYTORCH.denseKernel(fanIn, fanOut);
        }

        @Override
        public Init denseBias(int fanIn) {
            return Init.PYTORCH.denseBias(fanIn);
        }

        @Override
        public Init convKernel(int fanIn, int fanOut) {
            return new Init.NormalInit(Math.sqrt(2.0 / fanOut));
        }

        @Override
        public Init convBias(int fanIn) {
            return Init.ZEROS;
        }
    };

    /** Type of stem and stages. */
    public enum ResNetStyle {
        /** 3x3 stem, three stages of basic blocks: for small images. */
        CIFAR,
        /** 7x7 stem and max pool, four stages; bottleneck blocks from depth 50 on. */
        IMAGENET
    }

    /** Depths in table 1 of the paper. */
    private static final List<Integer> DEPTHS = List.of(18, 34, 50, 101, 152);

    public ResNet {
        Checks.positive("classes", classes);
        Checks.positive("width", width);
        Checks.rate("head_drop", headDrop);
        boolean cifar = style == ResNetStyle.CIFAR;
        Checks.require(
                !cifar || (depth >= 8 && depth % 6 == 2),
                "depth (%d) must be 6 n + 2 with form: cifar, for example 20, 32, 44, 56, 110",
                depth);
        Checks.require(
                cifar || DEPTHS.contains(depth), "depth (%d) must be one of %s with form: imagenet", depth, DEPTHS);
    }

    @Override
    public String arch() {
        return "resnet";
    }

    static Optional<ResNet> read(Section s, ImageSpec image, int classes) {
        ResNetStyle form = s.enumAt("form", ResNetStyle.class, ResNetStyle.IMAGENET);
        boolean cifar = form == ResNetStyle.CIFAR;
        int depth = s.intAt("depth", cifar ? 20 : 50);
        int width = s.intAt("width", cifar ? 16 : 64);
        boolean zeroInit = s.boolAt("zero_init", false);
        double eps = s.doubleAt("norm_eps", 1e-5);
        double drop = s.doubleAt("head_drop", 0);
        return s.build(() -> new ResNet(image, classes, form, depth, width, zeroInit, eps, drop));
    }
}
