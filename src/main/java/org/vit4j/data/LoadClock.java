package org.vit4j.data;

import java.util.concurrent.atomic.LongAdder;

/** Sums the times of {@link LoadTimes} over threads, in nanoseconds. */
final class LoadClock {
    private final LongAdder images = new LongAdder();
    private final LongAdder decode = new LongAdder();
    private final LongAdder transform = new LongAdder();
    private final LongAdder wait = new LongAdder();

    void loaded(long decodeNanos, long transformNanos) {
        images.increment();
        decode.add(decodeNanos);
        transform.add(transformNanos);
    }

    void waited(long nanos) {
        wait.add(nanos);
    }

    LoadTimes total() {
        return new LoadTimes(images.sum(), decode.sum() / 1e9, transform.sum() / 1e9, wait.sum() / 1e9);
    }
}
