package org.vit4j.machine;

import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.systems.global.linux;
import org.bytedeco.systems.linux.cpu_set_t;

/** A thread and the OpenMP threads of its kernels, with a processor for each. */
final class BoundTeam {
    private static final int CALLER = 0; // the calling thread in sched_setaffinity

    private final int[] workers;
    private final cpu_set_t all;
    /** One processor each: of the calling thread, then of the workers. */
    private final List<cpu_set_t> single;

    /**
     * @param processors that the calling thread may use, one more than there are workers
     * @param workers identifiers of the OpenMP threads
     */
    BoundTeam(List<Integer> processors, int... workers) {
        this.workers = workers;
        this.all = setOf(processors);
        this.single =
                processors.stream().map(processor -> setOf(List.of(processor))).toList();
    }

    private static cpu_set_t setOf(List<Integer> processors) {
        cpu_set_t set = new cpu_set_t();
        Pointer.memset(set, 0, set.sizeof());
        for (int processor : processors) {
            int word = processor / Long.SIZE;
            set.__bits(word, set.__bits(word) | 1L << processor % Long.SIZE);
        }
        return set;
    }

    /** Number of threads, with the calling one. */
    int size() {
        return workers.length + 1;
    }

    /** Binds all threads; returns false if Linux refuses, as when one of them has ended. */
    boolean bind() {
        for (int i = 0; i < workers.length; i++) {
            if (!set(workers[i], single.get(i + 1))) return false;
        }
        return set(CALLER, single.get(0));
    }

    /** Lets the calling thread use all processors. The workers, which only run kernels, stay where they are. */
    void release() {
        set(CALLER, all);
    }

    private static boolean set(int thread, cpu_set_t processors) {
        return linux.sched_setaffinity(thread, processors.sizeof(), processors) == 0;
    }
}
