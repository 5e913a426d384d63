package org.vit4j.backend;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the ops of one kind cost.
 *
 * @param op its name in ND4J, or what a kernel does and which one does it
 * @param count executions
 * @param nanos their time together
 */
public record OpTime(String op, long count, long nanos) {
    /** Gathers the times of single ops by kind. */
    public static final class OpTimes {
        private final Map<String, OpTime> times = new LinkedHashMap<>();

        public void add(String op, long nanos) {
            times.merge(op, new OpTime(op, 1, nanos), (a, b) -> new OpTime(op, a.count + b.count, a.nanos + b.nanos));
        }

        /** The dearest first. */
        public List<OpTime> sorted() {
            return times.values().stream()
                    .sorted(Comparator.comparingLong(OpTime::nanos).reversed())
                    .toList();
        }
    }
}
