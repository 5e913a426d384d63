package org.vit4j.bench;

/** How long something takes. */
final class Clock {
    private Clock() {}

    static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }
}
