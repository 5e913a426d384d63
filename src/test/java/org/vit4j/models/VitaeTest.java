package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigError;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;

class VitaeTest {
    private static final String SMALL = "image: {size: 32}, stages: 2, embed_dims: [4, 8], token_dims: [8, 16],"
            + " downsample_ratios: [4, 2], kernel_size: 3, dilations: [[1, 2], [1, 2]],"
            + " rc_tokens_type: [performer, performer_less], nc_depth: [0, 1], nc_heads: [1, 2], nc_group: [1, 4]";

    private static ModelConfig read(String more) {
        Config config = Config.parse("model: {arch: vitae, classes: 10, " + more + "}", "test.yaml");
        var model = Models.builtIn().read(config.root().section("model"));
        config.finish();
        return model.orElseThrow();
    }

    private static void assertRejected(String more, String rule) {
        assertThatThrownBy(() -> read(more)).isInstanceOf(ConfigError.class).hasMessageContaining(rule);
    }

    @Test
    void classTokenAndSinusoidAreAddedBeforeTheLastStage() {
        Graph plain = read(SMALL).build();
        Graph g = read(SMALL + ", class_token: true, pos_embed: sinusoid").build();
        assertThat(plain.tensor("layers.1.NC.0.add").shape()).isEqualTo(Shape.of(16, 16));
        assertThat(g.tensor("layers.1.NC.0.add").shape()).isEqualTo(Shape.of(17, 16));
        assertThat(g.parameters())
                .filteredOn(weight -> weight.name().equals("pos_embed"))
                .extracting(Parameter::role)
                .containsExactly(Role.CONSTANT);
        // The class token and the norm of the head; the position table is not trainable.
        assertThat(g.trainableCount() - plain.trainableCount()).isEqualTo(16 + 2 * 16);
    }

    @Test
    void sharedKernelHasNoParametersForFurtherDilations() {
        long own = read(SMALL).build().parameterCount();
        long shared = read(SMALL + ", share_weights: true").build().parameterCount();
        assertThat(own - shared).isEqualTo((3 * 9 * 4 + 4) + (8 * 9 * 8 + 8));
    }

    @Test
    void everyReductionTypeHasTheSameOutputGrid() {
        for (String type : new String[] {"performer", "performer_less", "transformer", "pooling"}) {
            Graph typed = read(SMALL.replace("[performer, ", "[" + type + ", ")).build();
            assertThat(typed.tensor("layers.0.tokens").shape()).isEqualTo(Shape.of(64, 8));
        }
    }

    @Test
    void invalidConfigsAreRejected() {
        assertRejected(SMALL.replace("[4, 2]", "[16, 2]"), "downsample_ratios (16) must be 2, 4 or 8");
        assertRejected(
                SMALL.replace("nc_depth: [0, 1]", "nc_depth: [0, 1, 2]"),
                "expected one entry for each of 2 stages, got 3");
        assertRejected(
                SMALL.replace("token_dims: [8, 16]", "token_dims: [8, 12]"),
                "must be the output width of performer_less (16)");
        assertRejected(
                SMALL.replace("nc_heads: [1, 2]", "nc_heads: [1, 3]"),
                "token_dims (16) must be a multiple of nc_heads (3)");
        assertRejected(SMALL + ", pool: cls", "pool (cls) needs class_token: true");
        assertRejected(
                SMALL.replace("[performer, ", "[embedding, "), "rc_tokens_type (embedding) needs class_token: true");
        assertRejected(SMALL + ", flavor: community", "flavor (community) is not supported by vitae");
        assertRejected(SMALL.replace("[performer, ", "[performr, "), "unknown value 'performr'");
    }
}
