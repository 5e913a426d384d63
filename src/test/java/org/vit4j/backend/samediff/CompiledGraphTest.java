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

/** What a program promises its caller. */
class CompiledGraphTest {
    private final SameDiff sd = SameDiff.create();
    private final SDVariable x = sd.placeHolder("x", DataType.FLOAT, -1, 4);

    CompiledGraphTest() {
        sd.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
    }

    private static INDArray counted(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = i + 1;
        return Nd4j.createFromArray(values);
    }

    private static INDArray counted(int rows, int columns) {
        return counted(rows * columns).reshape('c', rows, columns);
    }

    private static float[] values(INDArray array) {
        return array.dup('c').data().asFloat();
    }

    private static float[] run(CompiledGraph program, INDArray x, String output) {
        return values(program.run(Map.of("x", x)).get(output));
    }

    @Test
    void outputsMayBeInputsVariablesConstantsAndViewsOfThem() {
        INDArray flat = counted(12);
        sd.var("w", flat.get(NDArrayIndex.interval(4, 12)).reshape('c', 2, 4));
        sd.constant("c", Nd4j.createFromArray(7f, 8f));
        sd.reshape("turned", sd.getVariable("w"), sd.constant(Nd4j.createFromArray(4L, 2L)));
        sd.slice("row", sd.getVariable("w"), new int[] {1, 1}, 1, 3);
        sd.identity("same", x);
        sd.expandDims("wide", x, 0);
        List<String> names = List.of("x", "w", "c", "turned", "row", "same", "wide");
        try (CompiledGraph program = new CompiledGraph(sd, names)) {
            for (int rows : new int[] {2, 3, 2}) {
                Map<String, INDArray> inputs = Map.of("x", counted(rows, 4));
                Map<String, INDArray> expected = sd.output(inputs, names);
                Map<String, INDArray> found = program.run(inputs);
                for (String name : names) assertThat(found.get(name)).as(name).isEqualTo(expected.get(name));
                // Only the variable itself is live.
                flat.addi(1);
                assertThat(values(found.get("w"))).startsWith(values(expected.get("turned"))[0] + 1);
                assertThat(found.get("turned")).isEqualTo(expected.get("turned"));
                assertThat(found.get("row")).isEqualTo(expected.get("row"));
            }
        }
    }

    @Test
    void viewsOfVariablesFollowThem() {
        INDArray flat = Nd4j.zeros(DataType.FLOAT, 20);
        SDVariable w = sd.var("w", flat.get(NDArrayIndex.interval(4, 20)).reshape('c', 4, 4));
        SDVariable row = sd.reshape(sd.slice(w, new int[] {2, 0}, 1, 4), 4, 1);
        sd.mmul("y", x, row);
        try (CompiledGraph program = new CompiledGraph(sd, List.of("y"))) {
            assertThat(run(program, counted(1, 4), "y")).containsExactly(0);
            flat.get(NDArrayIndex.interval(12, 16)).assign(Nd4j.createFromArray(1f, 10f, 100f, 1000f));
            assertThat(run(program, counted(1, 4), "y")).containsExactly(4321);
        }
    }

    @Test
    void aVariableWithAnotherArrayIsSeen() {
        SDVariable w = sd.var("w", Nd4j.ones(DataType.FLOAT, 4, 1));
        sd.mmul("y", x, w);
        try (CompiledGraph program = new CompiledGraph(sd, List.of("y"))) {
            assertThat(run(program, counted(1, 4), "y")).containsExactly(10);
            w.setArray(Nd4j.ones(DataType.FLOAT, 4, 1).mul(2));
            assertThat(run(program, counted(1, 4), "y")).containsExactly(20);
        }
    }

    @Test
    void inputsMayBeOfAnyOrderAndTypeAndStayTheCallers() {
        sd.math().square("y", x);
        INDArray fortran = counted(2, 4).dup('f');
        INDArray doubles = counted(2, 4).castTo(DataType.DOUBLE);
        try (CompiledGraph program = new CompiledGraph(sd, List.of("y"))) {
            float[] expected = {1, 4, 9, 16, 25, 36, 49, 64};
            assertThat(run(program, fortran, "y")).containsExactly(expected);
            assertThat(run(program, doubles, "y")).containsExactly(expected);
            assertThat(fortran).isEqualTo(counted(2, 4));
        }
    }

    @Test
    void whatDependsOnShapesAloneFollowsThem() {
        SDVariable ones = sd.onesLike(sd.slice(x, new int[] {0, 0}, -1, 1));
        sd.mmul("rows", ones, ones, true, false, false);
        try (CompiledGraph program = new CompiledGraph(sd, List.of("rows"))) {
            for (int rows : new int[] {2, 5, 2}) {
                assertThat(run(program, counted(rows, 4), "rows")).containsExactly(rows);
            }
        }
    }

    @Test
    void outputsAreWrittenWhereTheyAreWanted() {
        SDVariable w = sd.var("w", Nd4j.ones(DataType.FLOAT, 4, 3));
        SDVariable y = sd.mmul("y", x, w);
        sd.reshape("column", y, -1, 1);
        sd.slice("part", y, new int[] {0, 0}, 1, 3);
        INDArray flat = Nd4j.zeros(DataType.FLOAT, 20);
        INDArray column = flat.get(NDArrayIndex.interval(1, 7)).reshape('c', 6, 1);
        INDArray part = flat.get(NDArrayIndex.interval(8, 11)).reshape('c', 1, 3);
        INDArray input = flat.get(NDArrayIndex.interval(12, 20)).reshape('c', 2, 4);
        Map<String, INDArray> into = Map.of("column", column, "part", part, "x", input);
        try (CompiledGraph program = new CompiledGraph(sd, List.of("column", "part", "x", "y"), into)) {
            for (int repeat = 0; repeat < 2; repeat++) {
                Map<String, INDArray> out = program.run(Map.of("x", counted(2, 4)));
                assertThat(out.get("column")).isSameAs(column);
                assertThat(values(out.get("y"))).containsExactly(10, 10, 10, 26, 26, 26);
                assertThat(values(flat))
                        .containsExactly(0, 10, 10, 10, 26, 26, 26, 0, 10, 10, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8);
                flat.assign(0);
            }
        }
    }

    @Test
    void runsOfOneShapeShareAPlan() {
        SameDiff ordinary = SameDiff.create(); // with ND4J's own array holders
        SDVariable w = ordinary.var("w", Nd4j.ones(DataType.FLOAT, 4, 1));
        ordinary.mmul("y", ordinary.placeHolder("x", DataType.FLOAT, -1, 4), w);
        try (CompiledGraph program = new CompiledGraph(ordinary, List.of("y"))) {
            INDArray y = program.run(Map.of("x", counted(2, 4))).get("y");
            w.getArr().muli(2);
            assertThat(program.run(Map.of("x", counted(2, 4))).get("y")).isSameAs(y);
            assertThat(values(y)).containsExactly(20, 52);
        }
    }

    @Test
    void plansOfOldShapesAreFreed() {
        sd.math().square("y", x);
        CompiledGraph program = new CompiledGraph(sd, List.of("y"));
        INDArray first = program.run(Map.of("x", counted(1000, 4))).get("y");
        assertThat(program.bytes()).isBetween(2L * 16_000, 33_000L);
        for (int rows = 1; rows <= 3; rows++) run(program, counted(rows, 4), "y");
        run(program, counted(1000, 4), "y"); // not the oldest any more
        run(program, counted(4, 4), "y");
        assertThat(values(first)[3999]).isEqualTo(16e6f);
        for (int rows = 5; rows <= 7; rows++) run(program, counted(rows, 4), "y");
        assertThat(program.bytes()).isLessThan(4_000);
        assertThatThrownBy(() -> first.add(1)).hasMessageContaining("closed");
        program.close();
        assertThat(program.bytes()).isZero();
    }

    @Test
    void whatItCannotPlanIsRefused() {
        sd.random.normal("noise", 0, 1, DataType.FLOAT, 2, 4);
        assertThatThrownBy(() -> new CompiledGraph(sd, List.of("noise")).run(Map.of("x", counted(2, 4))))
                .hasMessageContaining("a static plan cannot hold the op")
                .hasMessageContaining("random");
        SDVariable[] branch = sd.switchOp(x, sd.placeHolder("way", DataType.BOOL));
        CompiledGraph program = new CompiledGraph(sd, List.of(branch[1].name()));
        assertThatThrownBy(() -> program.run(Map.of("x", counted(2, 4), "way", Nd4j.scalar(true))))
                .hasMessageContaining("a static plan cannot hold the op 'switch'");
    }

    @Test
    void aShapeThatDependsOnValuesIsRefused() {
        SDVariable size = sd.placeHolder("size", DataType.INT64, 2);
        sd.reshape("y", x, size);
        sd.where("found", x.gt(2));
        try (CompiledGraph program = new CompiledGraph(sd, List.of("y"))) {
            assertThat(program.run(Map.of("x", counted(2, 4), "size", Nd4j.createFromArray(8L, 1L)))
                            .get("y")
                            .shape())
                    .containsExactly(8, 1);
            assertThatThrownBy(() -> program.run(Map.of("x", counted(2, 4), "size", Nd4j.createFromArray(4L, 2L))))
                    .hasMessageContaining("reshape");
        }
        assertThatThrownBy(() -> new CompiledGraph(sd, List.of("found")).run(Map.of("x", counted(2, 4))))
                .isInstanceOf(RuntimeException.class);
    }

    @Test
    void aMissingInputIsNamed() {
        sd.math().square("y", x);
        try (CompiledGraph program = new CompiledGraph(sd, List.of("y"))) {
            assertThatThrownBy(() -> program.run(Map.of())).hasMessage("no array for input 'x'");
            run(program, counted(2, 4), "y");
            assertThatThrownBy(() -> program.run(Map.of())).hasMessage("no array for input 'x'");
        }
    }

    @Test
    void aProfileCountsOps() {
        SDVariable w = sd.var("w", Nd4j.ones(DataType.FLOAT, 4, 4));
        sd.math().square("y", sd.mmul(sd.mmul(x, w), w));
        try (CompiledGraph program = new CompiledGraph(sd, List.of("y"))) {
            List<OpTime> profile = program.profile(Map.of("x", counted(2, 4)), 3);
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
