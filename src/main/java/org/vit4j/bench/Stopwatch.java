package org.vit4j.bench;

/** Measurement of elapsed time. */
final class Stopwatch {
    private Stopwatch() {}

    static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }
}
