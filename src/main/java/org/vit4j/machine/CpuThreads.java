package org.vit4j.machine;

import java.util.OptionalInt;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * Threads of the native kernels. OpenMP would start one for each processor of the affinity mask; here the CPU quota of a
 * container counts too. {@code OMP_NUM_THREADS} wins over both. OpenMP keeps the number for each calling thread.
 */
public final class CpuThreads {
    private static final String VARIABLE = "OMP_NUM_THREADS";

    /** The number that a thread has given to OpenMP. */
    private static final ThreadLocal<Integer> CURRENT = new ThreadLocal<>();

    private CpuThreads() {}

    /** Processors that this process may use: affinity and CPU quota, rounded up; at least 1. */
    public static int available() {
        int processors = Runtime.getRuntime().availableProcessors();
        double quota = Cgroup.ofThisProcess().processors().orElse(processors);
        return Math.max(1, (int) Math.min(processors, Math.ceil(quota)));
    }

    /** The number of threads where nothing else was chosen: {@code OMP_NUM_THREADS}, or {@link #available}. */
    public static int standard() {
        return parse(System.getenv(VARIABLE)).orElseGet(CpuThreads::available);
    }

    /** The first of OpenMP's numbers, which are one for each level of nesting: {@code 4} or {@code 4,2}. */
    static OptionalInt parse(String variable) {
        String first = variable == null ? "" : variable.split(",", 2)[0].strip();
        return first.matches("[1-9]\\d{0,4}") ? OptionalInt.of(Integer.parseInt(first)) : OptionalInt.empty();
    }

    /**
     * Sets the number of threads of the kernels that the calling thread starts.
     *
     * @param threads at least 1
     */
    public static void use(int threads) {
        if (threads < 1) throw new IllegalArgumentException("threads (" + threads + ") must be at least 1");
        if (Integer.valueOf(threads).equals(CURRENT.get())) return;
        CURRENT.set(threads);
        if (!Nd4j.getEnvironment().isCPU()) return;
        NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(threads);
        Nd4j.factory().blas().setMaxThreads(threads);
    }

    /** Limits the calling thread to the standard number, once; a smaller number that it has stays. For use before kernels. */
    public static void limit() {
        if (CURRENT.get() != null) return;
        int threads = Nd4j.getEnvironment().isCPU()
                ? NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads()
                : standard();
        if (threads > standard()) use(standard());
        else CURRENT.set(threads);
    }

    /** The number of threads of the kernels that the calling thread starts. */
    public static int current() {
        Integer current = CURRENT.get();
        return current == null ? standard() : current;
    }
}
