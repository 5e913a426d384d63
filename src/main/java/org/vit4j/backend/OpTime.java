package org.vit4j.backend;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Execution count and total time of one kind of op.
 *
 * @param op name of the ND4J op, or kind and implementation of the oneDNN kernel: {@code matmul, brg:avx512_core}
 * @param count number of executions
 * @param nanos total time in nanoseconds
 */
public record OpTime(String op, long count, long nanos) {
    /** Sums the times of single executions by kind of op. */
    public static final class OpTimes {
        private final Map<String, OpTime> times = new LinkedHashMap<>();

        public void add(String op, long nanos) {
            times.merge(op, new OpTime(op, 1, nanos), (a, b) -> new OpTime(op, a.count + b.count, a.nanos + b.nanos));
        }

        /** Largest total time first. */
        public List<OpTime> sorted() {
            return times.values().stream()
                    .sorted(Comparator.comparingLong(OpTime::nanos).reversed())
                    .toList();
        }
    }
}
