package org.vit4j.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.run.RunConfig;

/** Gradient clipping, compared with the formulas of PyTorch and timm. */
class GradientClippingTest {
    private final ParameterStore parameters = new ParameterStore(
            List.of(
                    new Parameter("a.kernel", Shape.of(2, 2), Role.KERNEL, Init.ZEROS),
                    new Parameter("a.bias", Shape.of(2), Role.BIAS, Init.ZEROS),
                    new Parameter("head.kernel", Shape.of(1, 1), Role.KERNEL, Init.ZEROS)),
            DataType.DOUBLE);

    private double[] clipped(ClipConfig.ClipMode mode, double value, double... gradient) {
        INDArray flat = Nd4j.createFromArray(gradient);
        double norm = flat.norm2Number().doubleValue();
        new GradientClipping(new ClipConfig(mode, value), parameters, Set.of("head.kernel")).apply(flat, norm);
        return flat.toDoubleVector();
    }

    @Test
    void normModeClipsTheGlobalNorm() {
        double s = 2.5 / (5 + 1e-6);
        assertThat(clipped(ClipConfig.ClipMode.NORM, 2.5, 3, 0, 0, 0, 4, 0, 0))
                .containsExactly(new double[] {3 * s, 0, 0, 0, 4 * s, 0, 0}, within(1e-12));
        assertThat(clipped(ClipConfig.ClipMode.NORM, 5.5, 3, 0, 0, 0, 4, 0, 0)).containsExactly(3, 0, 0, 0, 4, 0, 0);
    }

    @Test
    void valueModeClipsEachElement() {
        assertThat(clipped(ClipConfig.ClipMode.VALUE, 1, 3, -0.5, -7, 1, 0, 0.1, 2))
                .containsExactly(1, -0.5, -1, 1, 0, 0.1, 1);
    }

    @Test
    void agcModeClipsPerOutputUnit() {
        parameters.set("a.kernel", new float[] {3, 0, 4, 0}); // [in, out]: one output of norm 5, one of norm 0
        parameters.set("a.bias", new float[] {6, 8});
        parameters.set("head.kernel", new float[] {1});
        // Memory order: a (in 0, out 0), (0, 1), (1, 0), (1, 1), then the head's, then the bias.
        assertThat(parameters.offsets().keySet()).containsExactly("a.kernel", "head.kernel", "a.bias");
        double[] clipped = clipped(ClipConfig.ClipMode.AGC, 0.1, 0.6, 1, 0.8, 0, 50, 3, 4);
        // Output 0: norm 1 over 0.1 * 5, halved; output 1: the minimum parameter norm, 1e-3; bias: norm 5 over 1.
        assertThat(clipped).containsExactly(new double[] {0.3, 1e-4, 0.4, 0, 50, 0.6, 0.8}, within(1e-9));
        assertThat(clipped(ClipConfig.ClipMode.AGC, 0.1, 0.3, 0, 0.3, 0, 50, 0.3, 0.4))
                .containsExactly(0.3, 0, 0.3, 0, 50, 0.3, 0.4);
    }

    @Test
    void aNumberIsANormAndZeroDisablesClipping() {
        assertThat(clip("train.clip=2")).contains(new ClipConfig(ClipConfig.ClipMode.NORM, 2));
        assertThat(clip("train.clip={mode: agc}")).contains(new ClipConfig(ClipConfig.ClipMode.AGC, 0.01));
        assertThat(clip("train.clip=null")).isEmpty();
        assertThat(clip("train.clip=0")).isEmpty();
        assertThatThrownBy(() -> clip("train.clip=-1")).hasMessageContaining("train.clip: must be positive");
        assertThatThrownBy(() -> clip("train.clip={mode: norm, value: -1}")).hasMessageContaining("value (-1.0)");
    }

    private static java.util.Optional<ClipConfig> clip(String override) {
        return RunConfig.open("vit_tiny_patch16_224", List.of(override)).train().clip();
    }
}
