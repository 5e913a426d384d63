package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.vit4j.config.Config;
import org.vit4j.graph.DropOp;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Tensor;
import org.vit4j.layers.DropRates;

/** Dropout and stochastic depth of every architecture, compared with the reference code. */
class DropRatesTest {

    /** Rates by block for a drop path of 0.3. Branches of a block share their rate; a rate of 0 adds no operation. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vit | blocks.1=0.1 blocks.2=0.2 blocks.3=0.3",
                "deit | blocks.1=0.1 blocks.2=0.2 blocks.3=0.3",
                "deepvit | blocks.1=0.1 blocks.2=0.2 blocks.3=0.3",
                "t2t_vit | blocks.1=0.1 blocks.2=0.2 blocks.3=0.3",
                "ceit | blocks.1=0.1 blocks.2=0.2 blocks.3=0.3",
                // Constant, as in the paper (section 3) and in timm.
                "cait | blocks.0=0.3 blocks.1=0.3 blocks.2=0.3 blocks.3=0.3",
                "levit | stages.0.blocks.0=0.3 stages.0.blocks.1=0.3 stages.1.downsample=0.3 stages.1.blocks.0=0.3"
                        + " stages.1.blocks.1=0.3",
                // Grows over all stages.
                "pit | transformers.1.blocks.0=0.1 transformers.1.blocks.1=0.2 transformers.2.blocks.0=0.3",
                // Grows within each stage; the first two stages have one block each.
                "cvt | stage2.blocks.1=0.3",
                // Grows with the deeper branch; a fusion has the rate of the last block of its stage.
                "crossvit | blocks.0.blocks.1.1=0.1 blocks.0.fusion.0=0.1 blocks.0.fusion.1=0.1"
                        + " blocks.1.blocks.0.0=0.2 blocks.1.blocks.1.0=0.2 blocks.1.blocks.1.1=0.3"
                        + " blocks.1.fusion.0=0.3 blocks.1.fusion.1=0.3",
                // Normal cells only.
                "vitae | layers.2.NC.1=0.3"
            })
    void dropPathRatesEqualThoseOfTheReference(String arch, String rates) {
        Map<String, TreeSet<Double>> found = new LinkedHashMap<>();
        for (Tensor tensor : build(arch, arch.equals("cvt") ? "[0.2, 0.4, 0.3]" : "0.3", List.of())
                .tensors()) {
            if (!(tensor.op() instanceof DropOp.DropPath drop)) continue;
            String block = tensor.name().substring(0, tensor.name().lastIndexOf('.'));
            found.computeIfAbsent(block, b -> new TreeSet<>()).add(Math.round(drop.rate() * 1e9) / 1e9);
        }
        StringBuilder text = new StringBuilder();
        found.forEach((block, set) -> {
            assertThat(set).as(block).hasSize(1);
            text.append(text.isEmpty() ? "" : " ").append(block).append('=').append(set.first());
        });
        assertThat(text.toString()).isEqualTo(rates);
    }

    /** Rates after embedding, after projections, of attention probabilities and before the head: 0.11 to 0.14. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vit | [0.11, 0.12, 0.13, 0.14]",
                "deit | [0.11, 0.12, 0.13, 0.14]",
                "deepvit | [0.11, 0.12, 0.13, 0.14]",
                "ceit | [0.11, 0.12, 0.13, 0.14]",
                "cait | [0.11, 0.12, 0.13, 0.14]",
                "pit | [0.11, 0.12, 0.13, 0.14]",
                "crossvit | [0.11, 0.12, 0.13, 0.14]",
                // Token performers have a separate rate of 0.1 (token_drop).
                "t2t_vit | [0.1, 0.11, 0.12, 0.13, 0.14]",
                "vitae | [0.1, 0.11, 0.12, 0.13, 0.14]",
                // Rates per stage, none before the head.
                "cvt | [0.11, 0.12, 0.13]",
                "levit | [0.14]"
            })
    void everyDropoutRateOfTheConfigIsInTheGraph(String arch, String expected) {
        boolean stages = arch.equals("cvt");
        List<String> overrides = new ArrayList<>();
        String[] keys = {"pos_drop", "proj_drop", "attn_drop", "head_drop"};
        for (int i = 0; i < (stages ? 3 : 4); i++) {
            String rate = "0.1" + (i + 1);
            overrides.add("model." + keys[i] + "=" + (stages ? "[" + rate + ", " + rate + ", " + rate + "]" : rate));
        }
        Set<Double> rates = new TreeSet<>();
        for (Tensor tensor : build(arch, stages ? "[0, 0, 0]" : "0", overrides).tensors()) {
            if (tensor.op() instanceof DropOp.Dropout drop) rates.add(drop.rate());
        }
        assertThat(rates.toString()).isEqualTo(expected);
    }

    @Test
    void singleBlockHasNoStochasticDepth() {
        assertThat(new DropRates(0, 0, 0, 0.5, 0).path(0, 1)).isZero();
    }

    private static Graph build(String arch, String path, List<String> more) {
        List<String> overrides = new ArrayList<>(more);
        overrides.add("model.drop_path=" + path);
        Config config = Config.open("digits-" + arch, overrides);
        return Models.builtIn()
                .read(config.root().section("model"))
                .orElseThrow()
                .build();
    }
}
