package org.vit4j.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.metrics.EpochMetrics;

/**
 * Keeps the processes of a training in step: process 0 decides when to stop, validates, and has the state of a resumed run.
 * In a training of one process, all methods return their argument.
 */
final class RankSync {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Optional<ProcessGroup> group;
    private boolean stopped;

    RankSync(Optional<ProcessGroup> group) {
        this.group = group;
    }

    Optional<ProcessGroup> group() {
        return group;
    }

    boolean isFirst() {
        return group.isEmpty() || group.get().rank() == 0;
    }

    /** The state of process 0. */
    TrainState shared(TrainState state) {
        if (group.isEmpty()) return state;
        return parsed(group.get().broadcast(isFirst() ? json(state) : ""), TrainState.class);
    }

    /** The request to stop that process 0 sent with the last {@link #exchange}; the request itself in one process. */
    BooleanSupplier agreed(BooleanSupplier stop) {
        return group.isEmpty() ? stop : () -> stopped;
    }

    /** Sums numbers over all processes, and agrees on a request to stop. */
    double[] exchange(BooleanSupplier stop, double... values) {
        double[] sent = new double[values.length + 1];
        System.arraycopy(values, 0, sent, 0, values.length);
        sent[values.length] = isFirst() && stop.getAsBoolean() ? 1 : 0;
        double[] sums = group.orElseThrow().sum(sent);
        stopped = sums[values.length] > 0;
        return sums;
    }

    /**
     * Validates in process 0 and sends the metrics to the others.
     *
     * @throws InterruptibleSource.StoppedException in all processes if it is thrown in process 0
     */
    EpochMetrics validated(Supplier<EpochMetrics> validation) {
        if (group.isEmpty()) return validation.get();
        if (!isFirst()) {
            String received = group.get().broadcast("");
            if (received.isEmpty()) throw new InterruptibleSource.StoppedException();
            return parsed(received, EpochMetrics.class);
        }
        try {
            EpochMetrics metrics = validation.get();
            group.get().broadcast(json(metrics));
            return metrics;
        } catch (InterruptibleSource.StoppedException e) {
            group.get().broadcast("");
            throw e;
        }
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static <T> T parsed(String text, Class<T> type) {
        try {
            return JSON.readValue(text, type);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
