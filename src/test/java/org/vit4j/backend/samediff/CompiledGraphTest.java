package org.vit4j.backend.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.vit4j.backend.OpTime;
import org.vit4j.machine.SuppressedOutput;

/** Contract of {@link CompiledGraph}: outputs, plans, errors and profiles. */
class CompiledGraphTest {
    private final SameDiff sd = SameDiff.create();
    private final SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 4);

    CompiledGraphTest() {
        sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
    }

    private static INDArray ascending(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = i + 1;
        return Nd4j.createFromArray(values);
    }

    private static INDArray ascending(int rows, int columns) {
        return ascending(rows * columns).reshape('c', rows, columns);
    }

    private static float[] values(INDArray array) {
        return array.dup('c').data().asFloat();
    }

    private static float[] run(CompiledGraph compiled, INDArray x, String output) {
        return values(compiled.run(Map.of("x", x)).get(output));
    }

    /** ND4J's executioner assumes that they change nothing, and fails. */
    @Test
    void reductionsOverAxesOfLengthOne() {
        SDVariable column = sd.placeHolder("column", DataType.FLOAT, -1, 1);
        SDVariable one = sd.placeHolder("one", DataType.FLOAT, 1);
        column.sum("last", -1);
        column.norm2("kept", true, 1);
        x.max("first", 0);
        x.norm1("firstKept", true, 0);
        column.mean("all");
        one.sum("single", 0);
        sd.math.countNonZero("count", x, 0);
        List<String> names = List.of("last", "kept", "first", "firstKept", "all", "single", "count");
        try (CompiledGraph compiled = new CompiledGraph(sd, names)) {
            Map<String, INDArray> out = compiled.run(Map.of(
                    "column", ascending(3, 1).mul(-2), "x", ascending(1, 4).mul(-1), "one", ascending(1)));
            assertThat(out.get("last")).isEqualTo(Nd4j.createFromArray(-2f, -4f, -6f));
            assertThat(out.get("kept")).isEqualTo(Nd4j.createFromArray(new float[][] {{2}, {4}, {6}}));
            assertThat(out.get("first")).isEqualTo(Nd4j.createFromArray(-1f, -2f, -3f, -4f));
            assertThat(out.get("firstKept")).isEqualTo(ascending(1, 4));
            assertThat(out.get("all")).isEqualTo(Nd4j.scalar(-4f));
            assertThat(out.get("single")).isEqualTo(Nd4j.scalar(1f));
            assertThat(out.get("count")).isEqualTo(Nd4j.createFromArray(1L, 1L, 1L, 1L));
            INDArray number = Nd4j.createFromArray(new float[][] {{5}});
            out = compiled.run(Map.of("column", number, "x", ascending(2, 4), "one", ascending(1)));
            assertThat(values(out.get("last"))).containsExactly(5);
            assertThat(values(out.get("kept"))).containsExactly(5);
            assertThat(values(out.get("first"))).containsExactly(5, 6, 7, 8);
        }
    }

    /** libnd4j's matmul_bp fails for them. */
    @Test
    void gradientsOfProductsOfSingleElements() {
        SDVariable a = sd.placeHolder("a", DataType.FLOAT, 1, 1);
        SDVariable b = sd.placeHolder("b", DataType.FLOAT, 1, 1);
        a.mmul("product", b).mul(3).sum("loss");
        sd.setLossVariables("loss");
        SuppressedOutput.withoutOutput(() -> sd.createGradFunction("a", "b"));
        String ofA = a.gradient().name();
        String ofB = b.gradient().name();
        Map<String, INDArray> inputs =
                Map.of("a", Nd4j.createFromArray(new float[][] {{5}}), "b", Nd4j.createFromArray(new float[][] {{7}}));
        for (List<String> outputs : List.of(List.of(ofA, ofB), List.of(ofA), List.of(ofB))) {
            try (CompiledGraph compiled = new CompiledGraph(sd.getFunction("grad"), outputs)) {
                Map<String, INDArray> out = compiled.run(inputs);
                if (outputs.contains(ofA)) assertThat(values(out.get(ofA))).containsExactly(21);
                if (outputs.contains(ofB)) assertThat(values(out.get(ofB))).containsExactly(15);
            }
        }
    }

    /** ND4J has their classes next to those of random numbers. */
    @Test
    void sequencesOfNumbersAreConstants() {
        sd.range("numbers", sd.constant(0f), sd.constant(4f), sd.constant(1f), DataType.FLOAT);
        x.mul("scaled", sd.getVariable("numbers"));
        try (CompiledGraph compiled = new CompiledGraph(sd, List.of("scaled"))) {
            assertThat(run(compiled, ascending(1, 4), "scaled")).containsExactly(0, 2, 6, 12);
        }
    }

    @Test
    void outputsCanBeInputsVariablesConstantsAndViewsOfThem() {
        INDArray flat = ascending(12);
        sd.var("w", flat.get(NDArrayIndex.interval(4, 12)).reshape('c', 2, 4));
        sd.constant("c", Nd4j.createFromArray(7f, 8f));
        sd.reshape("turned", sd.getVariable("w"), sd.constant(Nd4j.createFromArray(4L, 2L)));
        sd.slice("row", sd.getVariable("w"), new int[] {1, 1}, 1, 3);
        sd.identity("same", x);
        sd.expandDims("wide", x, 0);
        List<String> names = List.of("x", "w", "c", "turned", "row", "same", "wide");
        try (CompiledGraph compiled = new CompiledGraph(sd, names)) {
            for (int rows : new int[] {2, 3, 2}) {
                Map<String, INDArray> inputs = Map.of("x", ascending(rows, 4));
                Map<String, INDArray> expected = sd.output(inputs, names);
                Map<String, INDArray> found = compiled.run(inputs);
                for (String name : names) assertThat(found.get(name)).as(name).isEqualTo(expected.get(name));
                // Only the variable itself changes, views of it were copied.
                flat.addi(1);
                assertThat(values(found.get("w"))).startsWith(values(expected.get("turned"))[0] + 1);
                assertThat(found.get("turned")).isEqualTo(expected.get("turned"));
                assertThat(found.get("row")).isEqualTo(expected.get("row"));
            }
        }
    }

    @Test
    void changingAVariableInPlaceChangesResultsOfItsViews() {
        INDArray flat = Nd4j.zeros(DataType.FLOAT, 20);
        SDVariable w = sd.var("w", flat.get(NDArrayIndex.interval(4, 20)).reshape('c', 4, 4));
        SDVariable row = sd.reshape(sd.slice(w, new int[] {2, 0}, 1, 4), 4, 1);
        sd.mmul("y", x, row);
        try (CompiledGraph compiled = new CompiledGraph(sd, List.of("y"))) {
            assertThat(run(compiled, ascending(1, 4), "y")).containsExactly(0);
            flat.get(NDArrayIndex.interval(12, 16)).assign(Nd4j.createFromArray(1f, 10f, 100f, 1000f));
            assertThat(run(compiled, ascending(1, 4), "y")).containsExactly(4321);
        }
    }

    @Test
    void replacingTheArrayOfAVariableChangesResults() {
        SDVariable w = sd.var("w", Nd4j.ones(DataType.FLOAT, 4, 1));
        sd.mmul("y", x, w);
        try (CompiledGraph compiled = new CompiledGraph(sd, List.of("y"))) {
            assertThat(run(compiled, ascending(1, 4), "y")).containsExactly(10);
            w.setArray(Nd4j.ones(DataType.FLOAT, 4, 1).mul(2));
            assertThat(run(compiled, ascending(1, 4), "y")).containsExactly(20);
        }
    }

    @Test
    void inputsOfAnyOrderAndTypeAreAcceptedAndNotModified() {
        sd.math().square("y", x);
        INDArray fortran = ascending(2, 4).dup('f');
        INDArray doubles = ascending(2, 4).castTo(DataType.DOUBLE);
        try (CompiledGraph compiled = new CompiledGraph(sd, List.of("y"))) {
            float[] expected = {1, 4, 9, 16, 25, 36, 49, 64};
            assertThat(run(compiled, fortran, "y")).containsExactly(expected);
            assertThat(run(compiled, doubles, "y")).containsExactly(expected);
            assertThat(fortran).isEqualTo(ascending(2, 4));
        }
    }

    @Test
    void shapeDependentValuesChangeWithTheInputShape() {
        SDVariable ones = sd.onesLike(sd.slice(x, new int[] {0, 0}, -1, 1));
        sd.mmul("rows", ones, ones, true, false, false);
        try (CompiledGraph compiled = new CompiledGraph(sd, List.of("rows"))) {
            for (int rows : new int[] {2, 5, 2}) {
                assertThat(run(compiled, ascending(rows, 4), "rows")).containsExactly(rows);
            }
        }
    }

    @Test
    void outputsAreWrittenToTheirDestinations() {
        SDVariable w = sd.var("w", Nd4j.ones(DataType.FLOAT, 4, 3));
        SDVariable y = sd.mmul("y", x, w);
        sd.reshape("column", y, -1, 1);
        sd.slice("part", y, new int[] {0, 0}, 1, 3);
        INDArray flat = Nd4j.zeros(DataType.FLOAT, 20);
        INDArray column = flat.get(NDArrayIndex.interval(1, 7)).reshape('c', 6, 1);
        INDArray part = flat.get(NDArrayIndex.interval(8, 11)).reshape('c', 1, 3);
        INDArray input = flat.get(NDArrayIndex.interval(12, 20)).reshape('c', 2, 4);
        Map<String, INDArray> destinations = Map.of("column", column, "part", part, "x", input);
        try (CompiledGraph compiled = new CompiledGraph(sd, List.of("column", "part", "x", "y"), destinations)) {
            for (int repeat = 0; repeat < 2; repeat++) {
                Map<String, INDArray> out = compiled.run(Map.of("x", ascending(2, 4)));
                assertThat(out.get("column")).isSameAs(column);
                assertThat(values(out.get("y"))).containsExactly(10, 10, 10, 26, 26, 26);
                assertThat(values(flat))
                        .containsExactly(0, 10, 10, 10, 26, 26, 26, 0, 10, 10, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8);
                flat.assign(0);
            }
        }
    }

    @Test
    void runsWithEqualShapesShareAPlan() {
        SameDiff ordinary = SameDiff.create(); // with ND4J's own array holders
        SDVariable w = ordinary.var("w", Nd4j.ones(DataType.FLOAT, 4, 1));
        ordinary.mmul("y", ordinary.placeHolder("x", DataType.FLOAT, -1, 4), w);
        try (CompiledGraph compiled = new CompiledGraph(ordinary, List.of("y"))) {
            INDArray y = compiled.run(Map.of("x", ascending(2, 4))).get("y");
            w.getArr().muli(2);
            assertThat(compiled.run(Map.of("x", ascending(2, 4))).get("y")).isSameAs(y);
            assertThat(values(y)).containsExactly(20, 52);
        }
    }

    @Test
    void leastRecentlyUsedPlansAreFreed() {
        sd.math().square("y", x);
        CompiledGraph compiled = new CompiledGraph(sd, List.of("y"));
        INDArray first = compiled.run(Map.of("x", ascending(1000, 4))).get("y");
        assertThat(compiled.bytes()).isBetween(2L * 16_000, 33_000L);
        for (int rows = 1; rows <= 3; rows++) run(compiled, ascending(rows, 4), "y");
        run(compiled, ascending(1000, 4), "y"); // now most recently used
        run(compiled, ascending(4, 4), "y");
        assertThat(values(first)[3999]).isEqualTo(16e6f);
        for (int rows = 5; rows <= 7; rows++) run(compiled, ascending(rows, 4), "y");
        assertThat(compiled.bytes()).isLessThan(4_000);
        assertThatThrownBy(() -> first.add(1)).hasMessageContaining("closed");
        compiled.close();
        assertThat(compiled.bytes()).isZero();
    }

    @Test
    void randomOpsAndControlFlowAreRejected() {
        sd.random.normal("noise", 0, 1, DataType.FLOAT, 2, 4);
        assertThatThrownBy(() -> new CompiledGraph(sd, List.of("noise")).run(Map.of("x", ascending(2, 4))))
                .hasMessageContaining("a static plan cannot contain the op")
                .hasMessageContaining("random");
        SDVariable[] branch = sd.switchOp(x, sd.placeHolder("way", DataType.BOOL));
        CompiledGraph compiled = new CompiledGraph(sd, List.of(branch[1].name()));
        assertThatThrownBy(() -> compiled.run(Map.of("x", ascending(2, 4), "way", Nd4j.scalar(true))))
                .hasMessageContaining("a static plan cannot contain the op 'switch'");
    }

    @Test
    void shapesThatDependOnValuesAreRejected() {
        SDVariable size = sd.placeHolder("size", DataType.INT64, 2);
        sd.reshape("y", x, size);
        sd.where("found", x.gt(2));
        try (CompiledGraph compiled = new CompiledGraph(sd, List.of("y"))) {
            assertThat(compiled.run(Map.of("x", ascending(2, 4), "size", Nd4j.createFromArray(8L, 1L)))
                            .get("y")
                            .shape())
                    .containsExactly(8, 1);
            assertThatThrownBy(() -> compiled.run(Map.of("x", ascending(2, 4), "size", Nd4j.createFromArray(4L, 2L))))
                    .hasMessageContaining("reshape");
        }
        assertThatThrownBy(() -> new CompiledGraph(sd, List.of("found")).run(Map.of("x", ascending(2, 4))))
                .isInstanceOf(RuntimeException.class);
    }

    @Test
    void missingInputIsReportedByName() {
        sd.math().square("y", x);
        try (CompiledGraph compiled = new CompiledGraph(sd, List.of("y"))) {
            assertThatThrownBy(() -> compiled.run(Map.of())).hasMessage("missing input 'x'");
            run(compiled, ascending(2, 4), "y");
            assertThatThrownBy(() -> compiled.run(Map.of())).hasMessage("missing input 'x'");
        }
    }

    @Test
    void profileCountsExecutionsPerOp() {
        SDVariable w = sd.var("w", Nd4j.ones(DataType.FLOAT, 4, 4));
        sd.math().square("y", sd.mmul(sd.mmul(x, w), w));
        try (CompiledGraph compiled = new CompiledGraph(sd, List.of("y"))) {
            List<OpTime> profile = compiled.profile(Map.of("x", ascending(2, 4)), 3);
            assertThat(profile).extracting(OpTime::op).containsExactlyInAnyOrder("matmul", "square");
            assertThat(profile)
                    .filteredOn(time -> time.op().equals("matmul"))
                    .first()
                    .satisfies(time -> {
                        assertThat(time.count()).isEqualTo(6);
                        assertThat(time.nanos()).isPositive();
                    });
        }
    }
}
