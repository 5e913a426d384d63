package org.vit4j.machine;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Binds the calling thread and its OpenMP threads to a processor each while kernels use all processors. Otherwise Linux may wake
 * them on one processor and leave them there, next to an idle one: after a pause, a pass took twice as long.
 *
 * <p>Only on Linux, and unless the environment has a variable of OpenMP for this purpose: {@code OMP_PROC_BIND}, {@code OMP_PLACES} or
 * {@code GOMP_CPU_AFFINITY}.
 */
public final class ThreadAffinity {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadAffinity.class);
    private static final boolean ENABLED = System.getProperty("os.name").equals("Linux")
            && Stream.of("OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY")
                    .allMatch(variable -> System.getenv(variable) == null);
    /** Runs of a thread in which its team is searched. */
    private static final int SEARCHES = 20;
    /** Minimum part of the time of kernels that each thread of the team runs. */
    private static final double ACTIVE = 0.25;
    /** Carriers that are remembered: those that ended are not known. */
    private static final int MAX_CARRIERS = 256;

    private static final LinuxThreads THREADS = new LinuxThreads(Path.of("/proc"));
    /** Of a thread of the operating system, whose identifier does not change. */
    private static final ThreadLocal<ThreadAffinity> OF_THREAD = ThreadLocal.withInitial(ThreadAffinity::new);
    /** Of virtual threads: by the identifier of the carrier, which is read for each run. Least recently used first. */
    private static final Map<Integer, ThreadAffinity> BY_CARRIER = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, ThreadAffinity> eldest) {
            return size() > MAX_CARRIERS;
        }
    };

    private int searches = SEARCHES;
    private BoundTeam team; // null if it is not known

    private ThreadAffinity() {}

    /**
     * Runs kernels, bound if they use all processors that the calling thread may use.
     *
     * @param threads number of threads of the kernels, with the calling one
     */
    public static void run(int threads, Runnable kernels) {
        if (threads == 1 || !ENABLED) kernels.run();
        else ofCaller().runKernels(threads, kernels);
    }

    private static ThreadAffinity ofCaller() {
        if (!VirtualThreads.isCurrent()) return OF_THREAD.get();
        try {
            int caller = THREADS.self();
            synchronized (BY_CARRIER) {
                return BY_CARRIER.computeIfAbsent(caller, id -> new ThreadAffinity());
            }
        } catch (IOException | RuntimeException e) {
            ThreadAffinity none = new ThreadAffinity();
            none.disable(e);
            return none;
        }
    }

    private void runKernels(int threads, Runnable kernels) {
        if (team == null) {
            if (searches > 0) searchTeam(threads, kernels);
            else kernels.run();
        } else if (team.size() == threads && team.bind()) {
            try {
                kernels.run();
            } finally {
                team.release();
            }
        } else {
            team = null;
            searches = SEARCHES;
            kernels.run();
        }
    }

    /**
     * Runs kernels, and finds the OpenMP threads by their activity meanwhile, because OpenMP does not tell who they are. If more
     * threads of that name were active, such as other callers, the next run searches again.
     */
    private void searchTeam(int threads, Runnable kernels) {
        searches--;
        List<Integer> processors = List.of();
        Map<Integer, Long> before = null;
        try {
            processors = THREADS.processors();
            if (processors.size() == threads) before = THREADS.runTimesOfSameName();
            else searches = 0;
        } catch (IOException | RuntimeException e) {
            disable(e);
        }
        long begin = System.nanoTime();
        kernels.run();
        if (before == null) return;
        double minimum = ACTIVE * (System.nanoTime() - begin);
        try {
            int[] active = activeSince(before, minimum);
            if (active.length == threads - 1) team = new BoundTeam(processors, active);
        } catch (IOException | RuntimeException | LinkageError e) {
            disable(e);
        }
    }

    private static int[] activeSince(Map<Integer, Long> before, double nanoseconds) throws IOException {
        return THREADS.runTimesOfSameName().entrySet().stream()
                .filter(thread -> thread.getValue() - before.getOrDefault(thread.getKey(), 0L) > nanoseconds)
                .mapToInt(Map.Entry::getKey)
                .toArray();
    }

    private void disable(Throwable reason) {
        searches = 0;
        LOG.debug("threads are not bound to processors: {}", reason.toString());
    }
}
