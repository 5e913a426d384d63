package org.vit4j.machine;

import java.util.OptionalInt;
import java.util.function.Supplier;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * Number of threads of the native kernels. OpenMP's default is one per processor of the affinity mask; vit4j also respects
 * the CPU quota of a container. {@code OMP_NUM_THREADS} overrides both. OpenMP has a separate number for each calling thread.
 */
public final class CpuThreads {
    private static final String VARIABLE = "OMP_NUM_THREADS";

    /** Number that the current thread has set in OpenMP. */
    private static final ThreadLocal<Integer> CURRENT = new ThreadLocal<>();

    private CpuThreads() {}

    /** Number of processors that this process may use by affinity and CPU quota, rounded up; at least 1. */
    public static int available() {
        int processors = Runtime.getRuntime().availableProcessors();
        double quota = Cgroup.ofThisProcess().processors().orElse(processors);
        return Math.max(1, (int) Math.min(processors, Math.ceil(quota)));
    }

    /** Default number of threads: {@code OMP_NUM_THREADS}, or {@link #available}. */
    public static int defaultThreads() {
        return parse(System.getenv(VARIABLE)).orElseGet(CpuThreads::available);
    }

    /** Parses {@code 4} or {@code 4,2}, one number per nesting level, of which the first is used. */
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

    /** Runs a task with another number of threads, if one is given, and sets the number of before again. */
    public static <T> T with(OptionalInt threads, Supplier<T> task) {
        if (threads.isEmpty()) return task.get();
        int before = current();
        use(threads.getAsInt());
        try {
            return task.get();
        } finally {
            use(before);
        }
    }

    /** Limits the calling thread to the default number, unless a number was set before. Call before kernels are started. */
    public static void limit() {
        if (CURRENT.get() != null) return;
        int threads = Nd4j.getEnvironment().isCPU()
                ? NativeOpsHolder.getInstance().getDeviceNativeOps().ompGetMaxThreads()
                : defaultThreads();
        if (threads > defaultThreads()) use(defaultThreads());
        else CURRENT.set(threads);
    }

    /** Number of threads of the kernels that the calling thread starts. */
    public static int current() {
        Integer current = CURRENT.get();
        return current == null ? defaultThreads() : current;
    }
}
