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
 * ResNet: "Deep Residual Learning for Image Recognition", He et al. 2016, arXiv:1512.03385. Not a transformer: DeiT's
 * students learn most from a convolutional teacher (arXiv:2012.12877, table 2), and this is one to train.
 *
 * <p>imagenet: pytorch/vision, {@code torchvision/models/resnet.py}, names included; the stride of a bottleneck is at its
 * 3x3 convolution ("v1.5"), where the paper has it at the first 1x1. cifar: section 4.2 of the paper, depth 6n + 2.
 *
 * @param style stem and stages
 * @param depth layers with weights on the longest way, shortcuts not counted
 * @param width channels of the first stage; each further stage has twice as many as the one before
 * @param zeroInit the last norm of each branch starts at 0, torchvision's {@code zero_init_residual}
 */
public record ResNet(
        Flavor flavor,
        ImageSpec image,
        int classes,
        ResNetStyle style,
        int depth,
        int width,
        boolean zeroInit,
        double normEps,
        double headDrop)
        implements ModelConfig {

    public enum ResNetStyle {
        /** 3x3 stem, three stages of basic blocks: for small images. */
        CIFAR,
        /** 7x7 stem and max pool, four stages; bottleneck blocks from depth 50 on. */
        IMAGENET
    }

    /** Depths of the paper's table 1. */
    private static final List<Integer> DEPTHS = List.of(18, 34, 50, 101, 152);

    private static final int EXPANSION = 4;

    public ResNet {
        Checks.require(flavor == Flavor.OFFICIAL, "flavour (community) is for transformers; resnet has official only");
        Checks.positive("classes", classes);
        Checks.positive("width", width);
        Checks.rate("head_drop", headDrop);
        boolean cifar = style == ResNetStyle.CIFAR;
        Checks.require(
                !cifar || (depth >= 8 && depth % 6 == 2),
                "depth (%d) must be 6 n + 2 in the form cifar: 20, 32, 44, 56, 110",
                depth);
        Checks.require(
                cifar || DEPTHS.contains(depth), "depth (%d) must be one of %s in the form imagenet", depth, DEPTHS);
    }

    static Optional<ResNet> read(Section s, Flavor flavor, ImageSpec image, int classes) {
        ResNetStyle form = s.enumAt("form", ResNetStyle.class, ResNetStyle.IMAGENET);
        boolean cifar = form == ResNetStyle.CIFAR;
        int depth = s.intAt("depth", cifar ? 20 : 50);
        int width = s.intAt("width", cifar ? 16 : 64);
        boolean zeroInit = s.boolAt("zero_init", false);
        double eps = s.doubleAt("norm_eps", 1e-5);
        double drop = s.doubleAt("head_drop", 0);
        return s.build(() -> new ResNet(flavor, image, classes, form, depth, width, zeroInit, eps, drop));
    }

    @Override
    public String arch() {
        return "resnet";
    }

    @Override
    public Graph build() {
        Graph g = new Graph(HE);
        Tensor x = g.input("image", image.height(), image.width(), image.channels()); // [H, W, C]
        x = style == ResNetStyle.CIFAR ? norm(g, x, 3, 1) : norm(g, x, 7, 2); // [H', W', width]
        if (style == ResNetStyle.IMAGENET) x = g.maxPool("maxpool", x, Window.square(3, 2, 1)); // [H/4, W/4, width]
        List<Integer> blocks = blocks();
        for (int stage = 0; stage < blocks.size(); stage++) {
            for (int i = 0; i < blocks.get(stage); i++) {
                int stride = stage > 0 && i == 0 ? 2 : 1;
                x = block(
                        g.scope("layer" + (stage + 1) + "." + i), x, width << stage, stride); // rows and columns halved
            }
        }
        Tensor tokens = g.reshape("tokens", x, x.dim(0) * x.dim(1), x.dim(2)); // [T, D]
        Tensor pooled = g.mean("avgpool", tokens, 0); // [D]
        g.output("logits", g.dense("fc", g.dropout("head_drop", pooled, headDrop), classes)); // [K]
        return g;
    }

    private Tensor norm(Graph g, Tensor x, int kernel, int stride) {
        Tensor y = g.conv2d("conv1", x, width, Window.square(kernel, stride, kernel / 2), 1, false);
        return g.activate("relu", g.batchNorm("bn1", y, normEps), Activation.RELU);
    }

    /** How many blocks each stage has. */
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

    /** relu(shortcut + branch): [H, W, C] -> [H / stride, W / stride, planes], four times the planes in bottlenecks. */
    private Tensor block(Graph g, Tensor x, int planes, int stride) {
        boolean bottleneck = style == ResNetStyle.IMAGENET && depth >= 50;
        Tensor y = bottleneck ? bottleneck(g, x, planes, stride) : basic(g, x, planes, stride);
        Tensor sum = g.add("add", shortcut(g, x, y, stride), y);
        return g.activate("out", sum, Activation.RELU);
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
        return g.batchNorm("bn" + number, y, y.shape().rank() - 1, normEps, gamma);
    }

    private static Tensor relu(Graph g, int number, Tensor x) {
        return g.activate("relu" + number, x, Activation.RELU);
    }

    /**
     * The input itself, or a 1x1 convolution of it where the shape changes: the paper's option B, as torchvision has it.
     * For CIFAR the paper took option A, every second pixel and zeros for the new channels; that would need an operation
     * of its own in every reader of the graph for 2,752 weights less (of 272,474 in ResNet-20), and B was slightly better
     * where the paper compares them (table 3).
     */
    private Tensor shortcut(Graph g, Tensor x, Tensor y, int stride) {
        if (x.shape().equals(y.shape())) return x;
        Tensor projected = g.conv2d("downsample.0", x, y.dim(2), Window.square(1, stride, 0), 1, false);
        return g.batchNorm("downsample.1", projected, normEps); // [H', W', C']
    }

    @Override
    public CheckpointNames keys() {
        return CheckpointNames.SAME;
    }

    /**
     * He et al. 2015, arXiv:1502.01852: convolutions normal with variance 2 / fan out, as torchvision and the authors'
     * Torch code have it; the head as PyTorch's {@code nn.Linear}.
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
}
