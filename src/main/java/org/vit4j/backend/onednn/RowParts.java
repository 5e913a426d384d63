package org.vit4j.backend.onednn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * Divides the rows of a product into parts that run one after another with all threads. For products on AMX, oneDNN 3.8 chooses
 * the number of threads by a model of memory bandwidth, and takes a single one for many sizes, such as [197, 1536] x
 * [1536, 384], where two are twice as fast.
 */
final class RowParts {
    /** Rows of a tile of AMX: all parts but the last are multiples. */
    private static final long TILE = 16;
    /** Minimum rows of all parts but the last: smaller ones take longer than one thread for all rows. */
    private static final long MIN_ROWS = 64;

    /** Sizes that are distributed unevenly; the rows are those of a thread. */
    private static final long MIN_UNEVEN_ROWS = 784;

    private static final long MAX_UNEVEN_ROWS = 1000;
    private static final long MIN_UNEVEN_DEPTH = 256;
    private static final long MAX_UNEVEN_DEPTH = 384;
    private static final long MIN_UNEVEN_COLUMNS = 1024;
    private static final long MAX_UNEVEN_COLUMNS = 1536;

    private RowParts() {}

    /**
     * Numbers of rows of the parts, in order: as few parts as possible, of nearly equal size.
     *
     * @param usesAllThreads whether the product of a number of rows does; if no division into parts that do is found, there is
     *     one part
     */
    static List<Long> of(long rows, LongPredicate usesAllThreads) {
        if (usesAllThreads.test(rows)) return List.of(rows);
        for (long parts = 2; partSize(rows, parts) >= MIN_ROWS; parts++) {
            long size = partSize(rows, parts);
            long last = (rows - 1) % size + 1;
            if (usesAllThreads.test(size) && (last == size || usesAllThreads.test(last))) {
                List<Long> sizes = new ArrayList<>(Collections.nCopies(Math.toIntExact((rows - last) / size), size));
                sizes.add(last);
                return sizes;
            }
        }
        return List.of(rows);
    }

    /**
     * Two parts for sizes whose blocks oneDNN distributes unevenly among threads, such as [1576, 384] x [384, 1536] with two
     * threads; else one part.
     */
    static List<Long> even(long rows, long depth, long columns, int threads) {
        long perThread = rows / threads;
        boolean uneven = perThread >= MIN_UNEVEN_ROWS
                && perThread <= MAX_UNEVEN_ROWS
                && depth >= MIN_UNEVEN_DEPTH
                && depth <= MAX_UNEVEN_DEPTH
                && columns >= MIN_UNEVEN_COLUMNS
                && columns <= MAX_UNEVEN_COLUMNS;
        return uneven ? List.of(partSize(rows, 2), rows - partSize(rows, 2)) : List.of(rows);
    }

    private static long partSize(long rows, long parts) {
        return (rows + parts * TILE - 1) / (parts * TILE) * TILE;
    }
}
