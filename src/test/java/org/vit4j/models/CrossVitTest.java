package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.graph.Graph;
import org.vit4j.graph.ImageOp;
import org.vit4j.graph.Shape;

class CrossVitTest {
    private static Graph graph(String more) {
        String tiny = "image: {size: 48}, classes: 10, dim: [16, 24], heads: [2, 3], patch_size: [12, 16]";
        Config config = Config.parse("model: {arch: crossvit, " + tiny + more + "}", "test.yaml");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow().build();
    }

    @Test
    void eachBranchResizesTheImageByItsScale() {
        Graph g = graph(", image_scale: [1.0, 0.6666666666666666]");
        assertThat(g.tensor("patch_embed.0.tokens").shape()).isEqualTo(Shape.of(1 + 16, 16));
        assertThat(g.tensor("patch_embed.1.resize").shape()).isEqualTo(Shape.of(32, 32, 3));
        assertThat(g.tensor("patch_embed.1.tokens").shape()).isEqualTo(Shape.of(1 + 4, 24));
        assertThat(graph("").tensors()).noneMatch(t -> t.op() instanceof ImageOp.Resize);
    }

    @Test
    void multiConvStemHasTheSameNumberOfTokens() {
        Graph plain = graph("");
        Graph dagger = graph(", multi_conv: true");
        for (String tokens : new String[] {"patch_embed.0.tokens", "patch_embed.1.tokens"}) {
            assertThat(dagger.tensor(tokens).shape())
                    .isEqualTo(plain.tensor(tokens).shape());
        }
    }

    @Test
    void rowsOfResizeMatricesSumToOne() {
        for (int[] sizes : new int[][] {{48, 32}, {240, 224}, {7, 19}, {2, 9}}) {
            double[][] matrix = ImageOp.Resize.matrix(sizes[0], sizes[1]);
            for (int to = 0; to < sizes[1]; to++) {
                double sum = 0;
                for (double[] row : matrix) sum += row[to];
                assertThat(sum).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-12));
            }
        }
    }

    @Test
    void stochasticDepthGrowsOverBlocksAndCrossAttention() {
        Graph g = graph(", depth: [[1, 2, 1], [1, 2, 1]], drop_path: 0.5");
        assertThat(g.tensor("blocks.0.fusion.0.0.drop_path").op())
                .isEqualTo(new org.vit4j.graph.DropOp.DropPath(0.5 * 2 / 5));
        assertThat(g.tensor("blocks.1.fusion.1.0.drop_path").op()).isEqualTo(new org.vit4j.graph.DropOp.DropPath(0.5));
    }

    @Test
    void invalidConfigsAreRejected() {
        assertThatThrownBy(() -> graph(", image_scale: [1.0, 0.8]"))
                .hasMessageContaining("image height (38) must be a multiple of patch_size (16)");
        assertThatThrownBy(() -> graph(", depth: [[1, 3]]"))
                .hasMessageContaining("depth ([1, 3]) must be [blocks, blocks, cross-attention blocks]");
        assertThatThrownBy(() -> graph(", mlp_ratio: [2]")).hasMessageContaining("expected a number for each branch");
        assertThatThrownBy(() -> graph(", flavor: community, multi_conv: true"))
                .hasMessageContaining("unknown key 'multi_conv'");
        String three = "model: {arch: crossvit, dim: [16, 24, 32], heads: [2, 3, 4]}";
        assertThatThrownBy(() -> {
                    Config config = Config.parse(three, "test.yaml");
                    Models.builtIn().read(config.root().section("model"));
                    config.finish();
                })
                .hasMessageContaining("dim ([16, 24, 32]) must have one number for each of two branches");
    }
}
