package org.vit4j.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.vit4j.data.image.Image;
import org.vit4j.graph.analysis.TokenGrid;

/** Color scale of heat maps. */
class HeatMapTest {
    /** A map of 16 x 16 cells of 8 pixels: object cells of 0.5 in the left half, and one outlier token of 100. */
    private static HeatMap withOutlier(int side) {
        double[][] values = new double[side][side];
        for (double[] row : values) Arrays.fill(row, 0, side / 2, 0.5);
        values[0][side - 1] = 100;
        var axis = new TokenGrid.GridAxis(side, 4, 8);
        return new HeatMap("rollout", new TokenGrid(1, axis, axis, 0), values, false);
    }

    @Test
    void oneOutlierTokenDoesNotDetermineTheScale() {
        HeatMap heat = withOutlier(16);
        assertThat(heat.max()).isEqualTo(100);
        assertThat(heat.scaleTop(HeatMap.PERCENTILE)).isEqualTo(0.5);
        assertThat(heat.scaleTop(100)).isEqualTo(100);
        Image view = new Image(128, 128, 3, new float[128 * 128 * 3]);
        int object = heat.overlay(view).getRGB(0, 127);
        assertThat(object).isEqualTo(heat.overlay(view).getRGB(255, 0)); // the outlier
        assertThat(object).isNotEqualTo(heat.overlay(view).getRGB(255, 127)); // an empty cell
        assertThat(heat.overlay(view, 100).getRGB(0, 127)).isNotEqualTo(object);
    }

    @Test
    void smallGridsUseTheirMaximum() {
        assertThat(withOutlier(7).scaleTop(HeatMap.PERCENTILE)).isEqualTo(100);
    }

    @Test
    void mostlyZeroMapsUseTheirMaximum() {
        HeatMap heat = withOutlier(16);
        for (double[] row : heat.values()) Arrays.fill(row, 0, 8, 0);
        assertThat(heat.scaleTop(HeatMap.PERCENTILE)).isEqualTo(100);
        assertThatThrownBy(() -> heat.scaleTop(0)).hasMessageContaining("out of range (0, 100]");
    }
}
