package org.vit4j.backend.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients accumulated by the tape, with kernels in Java. */
class TapeTest {
    private final JavaMemory memory = new JavaMemory();
    private final Tape tape = new Tape(true, null, memory);

    private TapeValue input(long... dims) {
        return new TapeValue(memory.range(StridedArray.temporary(dims)), true, -1);
    }

    /** y = factor * x, by a backward step that cannot add. */
    private TapeValue scale(TapeValue x, float factor) {
        return scale(x, factor, false);
    }

    private TapeValue scale(TapeValue x, float factor, boolean adds) {
        StridedArray out = x.array().like();
        tape.emit(memory.scale(x.array(), factor, null, out));
        TapeValue y = tape.value(out, x.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy == null) return;
            if (adds) tape.accumulate(x, (dx, addend) -> tape.emit(memory.scale(dy, factor, addend, dx)));
            else tape.accumulateInto(x, dx -> tape.emit(memory.scale(dy, factor, null, dx)));
        });
        return y;
    }

    /** a + b; both terms share the gradient of the sum. */
    private TapeValue add(TapeValue a, TapeValue b) {
        StridedArray out = StridedArray.temporary(a.array().dims());
        tape.emit(memory.add(a.array(), b.array(), out));
        TapeValue y = tape.value(out, a.needsGradient() || b.needsGradient());
        tape.onBackward(() -> {
            StridedArray dy = tape.gradient(y);
            if (dy == null) return;
            tape.accumulate(a, dy, false);
            tape.accumulate(b, dy, false);
        });
        return y;
    }

    @Test
    void readersShareAConversion() {
        TapeValue x = new TapeValue(StridedArray.temporary(ElementType.BF16, 2, 3), true, -1);
        TapeValue floats = tape.as(ElementType.F32, x);
        assertThat(floats.array().type()).isEqualTo(ElementType.F32);
        assertThat(tape.as(ElementType.F32, x)).isSameAs(floats);
        assertThat(tape.count()).isEqualTo(1);
    }

    /** Sets the gradient of an output to 1, 2, 3, ... */
    private StridedArray seed(TapeValue y) {
        StridedArray seed = StridedArray.temporary(y.array().dims());
        JavaMemory.each(seed, i -> memory.set(seed, i, (float) (i + 1)));
        tape.accumulate(y, seed, false);
        return seed;
    }

    private void run() {
        tape.backward();
        tape.steps().forEach(KernelStep::run);
    }

    private float[] gradient(TapeValue x) {
        return memory.values(tape.gradient(x));
    }

    private List<String> kinds() {
        return tape.steps().stream().map(KernelStep::kind).toList();
    }

    @Test
    void gradientsOfTwoUsesAreAdded() {
        TapeValue x = input(3);
        seed(scale(x, 2));
        seed(scale(x, 10));
        run();
        assertThat(gradient(x)).containsExactly(12, 24, 36);
        assertThat(kinds()).containsExactly("scale", "scale", "scale", "scale", "add");
    }

    @Test
    void stepsThatCanAddNeedNoSum() {
        TapeValue x = input(3);
        seed(scale(x, 2, true));
        seed(scale(x, 10, true));
        run();
        assertThat(gradient(x)).containsExactly(12, 24, 36);
        assertThat(kinds()).doesNotContain("add", "accumulate");
    }

    @Test
    void aValueAddedToItselfGetsTwiceTheGradient() {
        TapeValue x = input(3);
        StridedArray seed = seed(add(x, x));
        run();
        assertThat(gradient(x)).containsExactly(2, 4, 6);
        assertThat(memory.values(seed)).containsExactly(1, 2, 3);
    }

    /** The terms of a sum share its gradient; adding to that of one term must not change that of the other. */
    @Test
    void sharedGradientsAreNotOverwritten() {
        TapeValue a = input(3);
        TapeValue b = input(3);
        seed(add(a, b));
        seed(scale(a, 100));
        seed(scale(a, 100, true));
        run();
        assertThat(gradient(a)).containsExactly(201, 402, 603);
        assertThat(gradient(b)).containsExactly(1, 2, 3);
    }

    @Test
    void gradientsPassThroughViews() {
        TapeValue x = input(2, 3);
        seed(tape.permute(tape.reshape(x, 1, 2, 3), 2, 0, 1)); // [3, 1, 2]
        run();
        assertThat(gradient(x)).containsExactly(1, 3, 5, 2, 4, 6);
        assertThat(kinds()).isEmpty();
    }

    @Test
    void readersOfAPermutedArrayShareItsCopy() {
        TapeValue permuted = tape.permute(input(2, 3), 1, 0);
        TapeValue y = tape.dense(permuted);
        assertThat(tape.dense(permuted)).isSameAs(y);
        seed(scale(y, 2));
        seed(scale(tape.dense(permuted), 10));
        run();
        assertThat(kinds()).containsExactly("copy", "scale", "scale", "scale", "scale", "add");
    }

    @Test
    void reshapesOfPermutedArraysAreCopies() {
        TapeValue x = input(2, 3);
        TapeValue y = tape.reshape(tape.permute(x, 1, 0), 6);
        seed(y);
        run();
        assertThat(memory.values(y.array())).containsExactly(0, 3, 1, 4, 2, 5);
        assertThat(gradient(x)).containsExactly(1, 3, 5, 2, 4, 6);
        assertThat(kinds()).containsExactly("copy");
    }

    @Test
    void gradientsOfAValueAndItsViewAreAdded() {
        TapeValue x = input(2, 3);
        seed(scale(x, 10));
        seed(tape.permute(x, 1, 0));
        run();
        assertThat(gradient(x)).containsExactly(11, 23, 35, 42, 54, 66);
    }

    @Test
    void gradientsOfOverlappingSlicesAreAdded() {
        TapeValue x = input(4);
        seed(tape.slice(x, 0, 0, 3));
        seed(tape.slice(x, 0, 2, 4));
        run();
        assertThat(gradient(x)).containsExactly(1, 2, 3 + 1, 2);
    }

    @Test
    void unusedPartsOfASlicedValueHaveZeroGradient() {
        TapeValue x = input(2, 3);
        seed(tape.slice(x, 1, 1, 2));
        run();
        assertThat(gradient(x)).containsExactly(0, 1, 0, 0, 2, 0);
    }

    @Test
    void splitGradientsAreWrittenInTarget() {
        TapeValue x = input(2, 4);
        tape.splitGradient(x);
        seed(scale(tape.slice(x, 1, 0, 2), 10, true));
        seed(scale(tape.slice(x, 1, 2, 4), 100, true));
        run();
        assertThat(gradient(x)).containsExactly(10, 20, 100, 200, 30, 40, 300, 400);
        assertThat(kinds()).containsOnly("scale");
    }

    @Test
    void partsOfASplitWithoutUsesAreZero() {
        TapeValue x = input(2, 4);
        tape.splitGradient(x);
        seed(scale(tape.slice(x, 1, 0, 2), 10));
        tape.slice(x, 1, 2, 4);
        tape.backward();
        StridedArray gradient = tape.gradient(x);
        tape.steps().forEach(KernelStep::run);
        assertThat(memory.values(gradient)).containsExactly(10, 20, 0, 0, 30, 40, 0, 0);
    }

    @Test
    void restOfAPartOfASplitIsZeroIfOnlyASliceOfItIsUsed() {
        TapeValue x = input(3, 4);
        tape.splitGradient(x);
        TapeValue part = tape.slice(x, 1, 0, 2).setUsedOnce(true);
        seed(scale(tape.slice(part, 0, 1, 2), 10));
        seed(scale(tape.slice(x, 1, 2, 4), 1));
        tape.backward();
        StridedArray gradient = tape.gradient(x);
        JavaMemory.each(gradient, element -> memory.set(gradient, element, Float.NaN));
        tape.steps().forEach(KernelStep::run);
        assertThat(memory.values(gradient)).containsExactly(0, 0, 1, 2, 10, 20, 3, 4, 0, 0, 5, 6);
    }

    @Test
    void concatenatedPartsGetTheirPartOfTheGradient() {
        TapeValue a = input(2, 1);
        TapeValue b = input(2, 2);
        TapeValue y = tape.concat(1, List.of(a, b, a));
        seed(y);
        run();
        assertThat(memory.values(y.array())).containsExactly(0, 0, 1, 0, 1, 2, 3, 1);
        assertThat(gradient(a)).containsExactly(1 + 4, 5 + 8);
        assertThat(gradient(b)).containsExactly(2, 3, 6, 7);
    }

    @Test
    void parameterGradientsAreWrittenToTheirTarget() {
        TapeValue x = input(3);
        TapeValue.GradientTarget target = new TapeValue.GradientTarget(StridedArray.of(memory.external(8), 4, 3));
        x.target(target);
        memory.set(target.array, 7, 7, 7); // of the last run
        seed(scale(x, 2));
        seed(tape.reshape(x, 3, 1));
        tape.backward();
        tape.zeroFill(target);
        tape.steps().forEach(KernelStep::run);
        assertThat(memory.values(target.array)).containsExactly(3, 6, 9);
    }

    @Test
    void targetsOfUnusedParametersAreZero() {
        TapeValue.GradientTarget target = new TapeValue.GradientTarget(StridedArray.of(memory.external(3), 0, 3));
        memory.set(target.array, 7, 7, 7);
        tape.zeroFill(target);
        tape.steps().forEach(KernelStep::run);
        assertThat(memory.values(target.array)).containsExactly(0, 0, 0);
    }

    @Test
    void valuesWithoutGradientNeedNoBackwardSteps() {
        TapeValue x = new TapeValue(memory.range(StridedArray.temporary(3)), false, -1);
        TapeValue y = scale(x, 2);
        int forward = tape.steps().size();
        tape.accumulate(y, StridedArray.temporary(3), false);
        tape.backward();
        assertThat(y.needsGradient()).isFalse();
        assertThat(tape.steps()).hasSize(forward);
    }

    /**
     * Random networks of linear operations. If y = A x, the tape computes A' g for the gradient g of y, so that the dot
     * products (A' g) x and g y are equal.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void gradientsOfRandomLinearNetworksAreAdjoint(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TapeValue x = input(4, 6);
        JavaMemory.each(x.array(), i -> memory.set(x.array(), i, (float) random.nextDouble(-1, 1)));
        List<TapeValue> values = new ArrayList<>(List.of(x));
        for (int i = 0; i < 12; i++) values.add(randomUse(values.get(random.nextInt(values.size())), random));
        TapeValue y = values.get(values.size() - 1);
        for (TapeValue value : values.subList(1, values.size() - 1)) y = add(y, value);
        StridedArray seeded = seed(y);
        run();
        double expected = dot(seeded, y.array());
        assertThat(dot(tape.gradient(x), x.array()))
                .isCloseTo(expected, Offset.offset(1e-4 * (1 + Math.abs(expected))));
    }

    /** Another [4, 6] value: all forms of views, copies and sums. */
    private TapeValue randomUse(TapeValue x, SplittableRandom random) {
        float factor = (float) random.nextDouble(-1, 1);
        return switch (random.nextInt(6)) {
            case 0 -> scale(x, factor);
            case 1 -> scale(x, factor, true);
            case 2 -> add(x, scale(x, factor, random.nextBoolean()));
            case 3 -> tape.reshape(tape.permute(tape.reshape(x, 2, 2, 6), 1, 0, 2), 4, 6);
            case 4 -> tape.reshape(tape.permute(x, 1, 0), 4, 6);
            default -> {
                int at = random.nextInt(1, 6);
                yield tape.concat(1, List.of(tape.slice(x, 1, at, 6), scale(tape.slice(x, 1, 0, at), factor)));
            }
        };
    }

    private double dot(StridedArray a, StridedArray b) {
        double sum = 0;
        for (int i = 0; i < a.size(); i++) sum += (double) memory.get(a, i) * memory.get(b, i);
        return sum;
    }
}
