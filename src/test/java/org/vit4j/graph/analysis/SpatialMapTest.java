package org.vit4j.graph.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.vit4j.graph.Graph;
import org.vit4j.graph.Init;
import org.vit4j.graph.Tensor;
import org.vit4j.graph.Window;
import org.vit4j.run.RunConfig;

/** Places in networks whose arithmetic of windows is easy to do by hand. */
class SpatialMapTest {
    private static Map<String, SpatialMap> of(String variant, String... set) {
        return SpatialMap.of(RunConfig.open(variant, List.of(set)).model().graph());
    }

    private static TokenGrid tokens(Map<String, SpatialMap> all, String tensor) {
        return all.get(tensor).tokens().get(0);
    }

    @Test
    void patchGridOfVitFollowsTheClassTokenAndIsCentered() {
        TokenGrid cells = tokens(of("vit_base_patch16_224"), "blocks.11.add2");
        assertThat(cells)
                .isEqualTo(new TokenGrid(1, new TokenGrid.GridAxis(14, 8, 16), new TokenGrid.GridAxis(14, 8, 16), 0));
        assertThat(cells.y(15)).isEqualTo(24);
        assertThat(cells.x(15)).isEqualTo(24);
    }

    @Test
    void classAndDistillationTokensComeBeforeThePatchGrid() {
        TokenGrid cells = tokens(of("deit_tiny_distilled_patch16_224"), "blocks.0.add1");
        assertThat(cells.before()).isEqualTo(2);
        assertThat(cells.tokens()).isEqualTo(198);
    }

    @Test
    void stridedKeysOfCvtHaveTwiceTheStepOfTheQueries() {
        // Patches of 7 with stride 4 and padding 2 have their first center at 1.5. Keys: kernel 3, stride 2, padding 1.
        SpatialMap maps = of("cvt_13").get("stage0.blocks.0.attn.probs");
        assertThat(maps.tokens().get(1).rows()).isEqualTo(new TokenGrid.GridAxis(56, 1.5, 4));
        assertThat(maps.tokens().get(2).rows()).isEqualTo(new TokenGrid.GridAxis(28, 1.5, 8));
    }

    @Test
    void queriesOfLevitDownsamplingAreEverySecondRow() {
        Map<String, SpatialMap> all = of("levit_128s");
        SpatialMap maps = all.entrySet().stream()
                .filter(e -> e.getKey().endsWith("probs"))
                .map(Map.Entry::getValue)
                .filter(p -> !p.tokens().get(1).equals(p.tokens().get(2)))
                .findFirst()
                .orElseThrow();
        TokenGrid.GridAxis keys = maps.tokens().get(2).rows();
        assertThat(keys.count()).isEqualTo(14);
        assertThat(maps.tokens().get(1).rows()).isEqualTo(new TokenGrid.GridAxis(7, keys.first(), 2 * keys.step()));
    }

    @Test
    void bothBranchesOfCrossVitCoverTheInputImage() {
        Map<String, SpatialMap> all = of("crossvit_tiny_240");
        TokenGrid small = tokens(all, "pos_embed_0.added");
        TokenGrid large = tokens(all, "pos_embed_1.added");
        assertThat(small.rows()).isEqualTo(new TokenGrid.GridAxis(20, 6, 12));
        assertThat(large.rows().count()).isEqualTo(14); // 224 / 16; the branch resizes the 240 pixels to 224
        assertThat(large.rows().step()).isEqualTo(240 / 14.0);
        assertThat(large.rows().first()).isEqualTo(120 / 14.0);
    }

    @Test
    void softSplitTokensOfT2tVitAreCenteredInTheirWindows() {
        // Unfold with kernel 7, stride 4, padding 2, then twice with kernel 3, stride 2, padding 1.
        TokenGrid cells = tokens(of("t2t_vit_14"), "blocks.0.add1");
        assertThat(cells)
                .isEqualTo(
                        new TokenGrid(1, new TokenGrid.GridAxis(14, 1.5, 16), new TokenGrid.GridAxis(14, 1.5, 16), 0));
    }

    @Test
    void concatenatedClassTokensHaveNoGrid() {
        Graph graph = new Graph(Init.TIMM);
        Tensor x = graph.input("image", 4, 4, 1);
        Tensor tokens = graph.reshape("tokens", graph.conv2d("conv", x, 3, Window.square(2, 2, 0), 1, true), 4, 3);
        Tensor all = graph.concat("all", 0, graph.learnedTokens("cls", tokens, 1, Init.ZEROS), tokens);
        graph.concat("classes", 0, graph.slice("first", all, 0, 0, 1), graph.slice("again", all, 0, 0, 1));
        graph.slice("cut", all, 0, 0, 3);
        Map<String, SpatialMap> maps = SpatialMap.of(graph);
        assertThat(tokens(maps, "all").before()).isEqualTo(1);
        assertThat(tokens(maps, "classes")).isEqualTo(TokenGrid.withoutGrid(2));
        assertThat(maps.get("cut").tokens()).isEmpty(); // the slice cuts through the grid, so its layout is unknown
    }
}
