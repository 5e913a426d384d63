package org.vit4j.bench;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Concurrent callers of one network with one image per call.
 *
 * @param threads threads of the kernels of one call
 * @param locked true if one lock admits one call at a time, false if calls are concurrent
 * @param imagesPerSecond throughput of all callers together
 * @param median latency of a call in seconds, including the time that it waits for other calls
 * @param p99 99th percentile of the latency in seconds
 */
public record ServingTimes(
        int callers, int threads, boolean locked, double imagesPerSecond, double median, double p99) {
    static final String HEAD = String.format(
            Locale.ROOT, "%-30s %10s %10s %10s", "callers, one image per call", "images/s", "median ms", "p99 ms");

    Map<String, Object> toMap() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("callers", callers);
        all.put("threads_per_call", threads);
        all.put("one_lock", locked);
        all.put("images_per_second", imagesPerSecond);
        all.put("median", median);
        all.put("p99", p99);
        return all;
    }

    /** A line of the table below {@link #HEAD}. */
    String line() {
        String setting = callers + (locked ? ", one lock" : ", concurrent") + ", threads " + threads;
        return String.format(
                Locale.ROOT, "%-30s %10.1f %10.2f %10.2f", setting, imagesPerSecond, 1e3 * median, 1e3 * p99);
    }
}
