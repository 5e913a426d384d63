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

    private static long partSize(long rows, long parts) {
        return (rows + parts * TILE - 1) / (parts * TILE) * TILE;
    }
}
