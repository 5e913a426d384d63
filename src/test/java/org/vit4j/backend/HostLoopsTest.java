package org.vit4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.FlatArray.AdamSettings;
import org.vit4j.backend.FlatArray.AdamStep;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;

/** Loops in Java over ND4J arrays: Adam's update and running statistics. */
class HostLoopsTest {
    private static final int BEFORE = 5;
    private static final int SIZE = 10_000;

    private static INDArray random(int size, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) values[i] = (float) random.nextDouble(-2, 2);
        return Nd4j.createFromArray(values);
    }

    /** ND4J replaces a scalar that is NaN by a small number. */
    @Test
    void operationsWithNanGiveNan() {
        for (FlatArray array : List.of(
                FlatArray.of(random(5, 1)).multiply(Double.NaN),
                FlatArray.of(random(5, 2)).divide(Double.NaN),
                FlatArray.of(random(5, 3)).add(Double.NaN),
                FlatArray.of(Nd4j.zeros(DataType.FLOAT, 5)).fill(Double.NaN))) {
            assertThat(array.host().toFloatVector()).containsOnly(Float.NaN);
        }
    }

    @Test
    void adamOfAViewFollowsTheFormulaAndChangesNothingElse() {
        AdamSettings settings = new AdamSettings(0.9, 0.999, 1e-3);
        INDArray full = random(BEFORE + SIZE + 3, 1);
        INDArray before = full.dup();
        INDArray gradient = full.get(NDArrayIndex.interval(BEFORE, BEFORE + SIZE));
        FlatArray m = FlatArray.of(Nd4j.zeros(DataType.FLOAT, SIZE));
        FlatArray v = FlatArray.of(Nd4j.zeros(DataType.FLOAT, SIZE));
        double[] expectedM = new double[SIZE];
        double[] expectedV = new double[SIZE];
        for (int t = 1; t <= 3; t++) {
            INDArray values = random(SIZE, t);
            gradient.assign(values);
            FlatArray.of(gradient).adam(m, v, settings, 0.01 / t, t - 1);
            float[] found = gradient.dup().data().asFloat();
            for (int i = 0; i < SIZE; i++) {
                double g = values.getFloat(i);
                expectedM[i] = 0.9 * expectedM[i] + 0.1 * g;
                expectedV[i] = 0.999 * expectedV[i] + 0.001 * g * g;
                double root = Math.sqrt(expectedV[i] / (1 - Math.pow(0.999, t)));
                double step = 0.01 / t * expectedM[i] / (1 - Math.pow(0.9, t)) / (root + 1e-3);
                assertThat((double) found[i]).as(t + ", " + i).isCloseTo(step, within(1e-7));
            }
        }
        assertThat(m.host().toFloatVector()).usingComparatorWithPrecision(1e-6f).containsExactly(floats(expectedM));
        float[] foundV = v.host().toFloatVector();
        for (int i = 0; i < SIZE; i++)
            assertThat((double) foundV[i]).isCloseTo(expectedV[i], within(1e-6 * expectedV[i]));
        for (int i : new int[] {0, BEFORE - 1, BEFORE + SIZE, BEFORE + SIZE + 2})
            assertThat(full.getFloat(i)).isEqualTo(before.getFloat(i));
    }

    /** The loop that updates the parameters equals the separate operations, of which devices have no fused one. */
    @Test
    void adamStepEqualsItsPartsAndChangesNothingElse() {
        AdamSettings settings = new AdamSettings(0.9, 0.999, 1e-3);
        INDArray fused = random(BEFORE + SIZE + 3, 1);
        INDArray separate = fused.dup();
        FlatArray m = FlatArray.of(random(SIZE, 2));
        FlatArray v = FlatArray.of(random(SIZE, 3).muli(random(SIZE, 3)));
        FlatArray otherM = m.zeros().add(m);
        FlatArray otherV = v.zeros().add(v);
        INDArray gradient = random(SIZE, 4);
        FlatArray.of(fused)
                .range(BEFORE, BEFORE + SIZE)
                .adamStep(FlatArray.of(gradient.dup()), m, v, settings, new AdamStep(0.01, 0.98, 4));
        FlatArray.of(separate)
                .range(BEFORE, BEFORE + SIZE)
                .multiply(0.98)
                .add(FlatArray.of(gradient).adam(otherM, otherV, settings, 0.01, 4), -1);
        assertThat(fused.toFloatVector()).containsExactly(separate.toFloatVector());
        assertThat(m.host().toFloatVector()).containsExactly(otherM.host().toFloatVector());
        assertThat(v.host().toFloatVector()).containsExactly(otherV.host().toFloatVector());
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) floats[i] = (float) values[i];
        return floats;
    }

    @Test
    void runningStatisticsAreThoseOfNd4j() {
        List<Parameter> parameters = List.of(
                new Parameter("mean", Shape.of(7), Role.RUNNING_STAT, Init.ZEROS),
                new Parameter("variance", Shape.of(7), Role.RUNNING_STAT, Init.ONES));
        BatchStatistics norm = new BatchStatistics("mean", "variance", "m", "v", 6, 0.1);
        ParameterStore expected = new ParameterStore(parameters, DataType.FLOAT);
        ParameterStore found = new ParameterStore(parameters, DataType.FLOAT);
        for (ParameterStore store : List.of(expected, found)) store.initialize(1);
        for (int step = 0; step < 3; step++) {
            INDArray mean = random(7, step);
            INDArray variance = random(7, 10 + step);
            RunningStatistics.update(expected, List.of(norm), Map.of("m", mean, "v", variance), 2);
            RunningStatistics.update(found, norm, mean.toFloatVector(), variance.toFloatVector(), 2);
        }
        for (String name : List.of("mean", "variance")) {
            assertThat(Arrays.stream(found.array(name).toDoubleVector()).boxed())
                    .usingElementComparator((a, b) -> Math.abs(a - b) < 1e-7 ? 0 : Double.compare(a, b))
                    .containsExactlyElementsOf(
                            Arrays.stream(expected.array(name).toDoubleVector())
                                    .boxed()
                                    .toList());
        }
    }
}
