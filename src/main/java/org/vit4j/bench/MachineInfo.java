package org.vit4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.machine.CpuThreads;

/**
 * The machine of a benchmark.
 *
 * @param threads threads of a matrix product: {@code OMP_NUM_THREADS}, or all processors
 * @param matmulGflops maximum over several products of two [2048, 2048] matrices: the peak rate of this machine
 */
public record MachineInfo(String processor, int processors, int threads, double matmulGflops) {
    private static final int SIDE = 2048;
    private static final int TIMES = 10;

    static MachineInfo measure() {
        return new MachineInfo(processorName(), CpuThreads.available(), CpuThreads.current(), matmul());
    }

    private static String processorName() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch"); // not Linux
        }
    }

    private static double matmul() {
        try (INDArray a = Nd4j.rand(DataType.FLOAT, SIDE, SIDE);
                INDArray b = Nd4j.rand(DataType.FLOAT, SIDE, SIDE);
                INDArray out = Nd4j.createUninitialized(DataType.FLOAT, SIDE, SIDE)) {
            List<Double> seconds = new ArrayList<>();
            for (int i = 0; i < TIMES; i++) {
                // The op, not INDArray.mmul, which is several times slower on row-major arrays.
                seconds.add(Stopwatch.seconds(() -> Nd4j.exec(new Mmul(a, b, out, null))));
            }
            double best =
                    seconds.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
            return 2.0 * SIDE * SIDE * SIDE / best / 1e9;
        }
    }
}
