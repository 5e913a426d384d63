package org.vit4j.backend.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.backend.DeviceParameters;
import org.vit4j.backend.FlatArray;
import org.vit4j.backend.FlatArray.AdamSettings;
import org.vit4j.backend.FlatArray.AdaptiveLimit;
import org.vit4j.backend.ParameterStore;
import org.vit4j.graph.Init;
import org.vit4j.graph.Parameter;
import org.vit4j.graph.Role;
import org.vit4j.graph.Shape;
import org.vit4j.optim.Adam;
import org.vit4j.optim.AdamW;
import org.vit4j.optim.ClipConfig;
import org.vit4j.optim.EmaConfig;
import org.vit4j.optim.GradientClipping;
import org.vit4j.optim.Lamb;
import org.vit4j.optim.Lion;
import org.vit4j.optim.Optimizer;
import org.vit4j.optim.ParamGroups;
import org.vit4j.optim.Sgd;
import org.vit4j.optim.WeightAverage;

/** Operations of flat tensors and optimizers on them, compared with those on ND4J arrays. */
class TorchFlatArrayTest {
    private static final double ROUNDING = 5e-6;
    /** ND4J computes 1 - beta2 in float: 0.00099998713 for 0.999, an error of 1.3e-5. LAMB adds that of the norm, twice. */
    private static final double SECOND_MOMENT = 3e-5;

    private static final List<TorchDevice> DEVICES = List.of(TorchDevice.CPU, new TorchDevice("cpu", false));
    private static final int SIZE = 1003;

    private static INDArray random(int seed, long size) {
        java.util.Random random = new java.util.Random(seed);
        float[] values = new float[(int) size];
        for (int i = 0; i < values.length; i++) values[i] = (float) random.nextGaussian();
        return Nd4j.createFromArray(values);
    }

    private static void assertClose(INDArray found, INDArray expected, String name) {
        assertClose(found, expected, name, ROUNDING);
    }

    private static void assertClose(INDArray found, INDArray expected, String name, double limit) {
        double error = found.sub(expected).norm2Number().doubleValue()
                / Math.max(expected.norm2Number().doubleValue(), 1e-30);
        assertThat(error).as(name).isLessThan(limit);
    }

    /** Operations on an array, given another one. */
    private static Map<String, java.util.function.BiFunction<FlatArray, FlatArray, FlatArray>> operations() {
        Map<String, java.util.function.BiFunction<FlatArray, FlatArray, FlatArray>> all = new LinkedHashMap<>();
        all.put("set", FlatArray::set);
        all.put("setHost", (a, b) -> a.setHost(random(5, SIZE)));
        all.put("fill", (a, b) -> a.fill(0.3));
        all.put("add a number", (a, b) -> a.add(0.3));
        all.put("add", FlatArray::add);
        all.put("add scaled", (a, b) -> a.add(b, -0.7));
        all.put("subtract", (a, b) -> a.add(b, -1));
        all.put("multiply", (a, b) -> a.multiply(0.3));
        all.put("multiply elements", FlatArray::multiply);
        all.put("divide", (a, b) -> a.divide(3));
        all.put("divide elements", FlatArray::divide);
        all.put("sqrt", (a, b) -> a.multiply(a).sqrt());
        all.put("sign", (a, b) -> a.sign());
        all.put("clamp", (a, b) -> a.clamp(0.5));
        all.put("lerp little", (a, b) -> a.lerp(b, 0.1));
        all.put("lerp much", (a, b) -> a.lerp(b, 0.9));
        all.put("range", (a, b) -> a.range(3, 400).add(b.range(3, 400), 2));
        all.put("zeros", (a, b) -> a.zeros().add(b));
        all.put("adam", (a, b) -> {
            FlatArray m = a.zeros().add(b, 0.1);
            FlatArray v = a.zeros().add(b).multiply(b);
            return a.adam(m, v, new AdamSettings(0.9, 0.99, 1e-3), 0.5, 3)
                    .add(m)
                    .add(v);
        });
        all.put("clip columns", (a, b) -> clip(a, b, true));
        all.put("clip", (a, b) -> clip(a.multiply(100), b, false));
        return all;
    }

    private static FlatArray clip(FlatArray gradient, FlatArray parameter, boolean perColumn) {
        parameter.range(0, 17).multiply(1e-6);
        FlatArray part = gradient.range(0, 17 * 59);
        return part.clipAdaptively(
                parameter.range(0, 17 * 59), Shape.of(59, 17), perColumn, new AdaptiveLimit(0.9, 1e-3, 1e-6));
    }

    static Stream<TorchDevice> devices() {
        return DEVICES.stream();
    }

    @ParameterizedTest
    @MethodSource("devices")
    void operationsAgreeWithNd4j(TorchDevice device) {
        operations().forEach((name, operation) -> {
            try (TorchMemory memory = new TorchMemory()) {
                FlatArray expected = FlatArray.of(random(1, SIZE));
                FlatArray found = TorchFlatArray.of(device, random(1, SIZE), memory);
                INDArray expectedResult =
                        operation.apply(expected, FlatArray.of(random(2, SIZE))).host();
                INDArray foundResult = operation
                        .apply(found, TorchFlatArray.of(device, random(2, SIZE), memory))
                        .host();
                assertClose(foundResult, expectedResult, name + " (result)");
                assertClose(found.host(), expected.host(), name);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("devices")
    void normsAgreeWithNd4j(TorchDevice device) {
        try (TorchMemory memory = new TorchMemory()) {
            INDArray values = random(1, SIZE);
            FlatArray flat = TorchFlatArray.of(device, values.dup(), memory);
            double[] norms = flat.norms(List.of(flat.range(0, 10), flat.range(10, SIZE)));
            double[] expected = FlatArray.of(values)
                    .norms(List.of(
                            FlatArray.of(values).range(0, 10),
                            FlatArray.of(values).range(10, SIZE)));
            assertThat(norms).containsExactly(expected, within(1e-4));
            assertThat(flat.norm()).isCloseTo(values.norm2Number().doubleValue(), within(1e-4));
        }
    }

    /** Training of two parameters with clipping and average: all arrays after five steps. */
    private static Map<String, INDArray> train(
            Optimizer optimizer, ClipConfig clip, UnaryOperator<DeviceParameters> place) {
        ParameterStore store = new ParameterStore(
                List.of(
                        new Parameter("a.kernel", Shape.of(20, 30), Role.KERNEL, Init.ZEROS),
                        new Parameter("a.bias", Shape.of(30), Role.BIAS, Init.ZEROS),
                        new Parameter("mean", Shape.of(7), Role.RUNNING_STAT, Init.ZEROS)),
                DataType.FLOAT);
        store.trainable().assign(random(3, store.trainable().length()));
        store.buffers().assign(random(4, store.buffers().length()));
        ParameterStore averageStore = new ParameterStore(store.parameters(), DataType.FLOAT);
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        try (DeviceParameters parameters = place.apply(DeviceParameters.onHost(store));
                DeviceParameters average = place.apply(DeviceParameters.onHost(averageStore))) {
            var state = optimizer.start(parameters.trainable(), ParamGroups.of(store, optimizer.weightDecay()));
            var clipping = new GradientClipping(clip, parameters, java.util.Set.of());
            var ema = new WeightAverage(new EmaConfig(0.9, false, 0, 1, 1, 1), parameters, average);
            FlatArray gradient = parameters.trainable().zeros();
            for (int i = 0; i < 5; i++) {
                gradient.setHost(random(10 + i, gradient.length()));
                clipping.apply(gradient, gradient.norm());
                state.step(gradient, 0.01);
                ema.update(i + 1);
            }
            parameters.download();
            average.download();
            arrays.put("parameters", store.trainable().dup());
            arrays.put("average", averageStore.trainable().dup());
            arrays.put("average buffers", averageStore.buffers().dup());
            state.arrays().forEach((name, flat) -> arrays.put(name, flat.host().dup()));
        }
        return arrays;
    }

    static Stream<Optimizer> optimizers() {
        return Stream.of(
                new AdamW(0.01, 0.1),
                new Adam(0.01, 0.1),
                new Sgd(0.01, 0.1, 0.9, true),
                new Lion(0.01, 0.1, 0.9, 0.99),
                new Lamb(0.01, 0.1, 0.9, 0.999, 1e-6, 1, false, true));
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void optimizersClippingAndAveragesAgreeWithNd4j(Optimizer optimizer) {
        for (ClipConfig.ClipMode mode : ClipConfig.ClipMode.values()) {
            ClipConfig clip = new ClipConfig(mode, 0.1);
            Map<String, INDArray> expected = train(optimizer, clip, place -> place);
            for (TorchDevice device : DEVICES) {
                train(optimizer, clip, place -> new TorchDeviceParameters(device, place.store()))
                        .forEach((name, found) -> assertClose(
                                found,
                                expected.get(name),
                                mode + " " + name,
                                name.equals("v") ? SECOND_MOMENT : ROUNDING));
            }
        }
    }

    @Test
    void aDeviceWithItsOwnMemoryKeepsTheStoreUntilDownload() {
        ParameterStore store = new ParameterStore(
                List.of(new Parameter("w.kernel", Shape.of(2, 2), Role.KERNEL, Init.ZEROS)), DataType.FLOAT);
        try (var parameters = new TorchDeviceParameters(new TorchDevice("cpu", false), store)) {
            parameters.trainable().fill(3);
            assertThat(store.trainable().maxNumber().doubleValue()).isZero();
            parameters.download();
            assertThat(store.trainable().toFloatVector()).containsOnly(3);
            store.trainable().assign(5);
            parameters.upload();
            assertThat(parameters.trainable().host().toFloatVector()).containsOnly(5);
        }
    }
}
