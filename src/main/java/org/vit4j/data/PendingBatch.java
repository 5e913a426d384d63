package org.vit4j.data;

import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.function.Predicate;

/** A batch whose images are being loaded by several threads. */
final class PendingBatch {
    private final Batch batch;
    private final boolean[] loaded;
    private final CountDownLatch remaining;
    private int failedImage = Integer.MAX_VALUE;
    private Optional<Throwable> failure = Optional.empty();

    PendingBatch(Batch batch) {
        this.batch = batch;
        this.loaded = new boolean[batch.size()];
        this.remaining = new CountDownLatch(batch.size());
    }

    int size() {
        return batch.size();
    }

    /**
     * Loads an image; an exception is thrown by {@link #await}.
     *
     * @param fill returns false if the image is skipped
     */
    void load(int image, Predicate<Batch> fill) {
        try {
            loaded[image] = fill.test(batch);
        } catch (Throwable e) {
            fail(image, e);
        } finally {
            remaining.countDown();
        }
    }

    private synchronized void fail(int image, Throwable e) {
        if (image > failedImage) return;
        failedImage = image;
        failure = Optional.of(e);
    }

    private synchronized Optional<Throwable> failure() {
        return failure;
    }

    /** Waits for all images, and throws the exception of the first that failed. Empty if all images were skipped. */
    Optional<Batch> await() throws InterruptedException {
        remaining.await();
        Throwable e = failure().orElse(null);
        if (e instanceof RuntimeException cause) throw cause;
        if (e instanceof Error cause) throw cause;
        // Other languages than Java, such as Kotlin, throw checked exceptions without declaring them.
        if (e != null) throw new CompletionException("an image could not be loaded: " + e, e);
        int count = 0;
        for (int i = 0; i < batch.size(); i++) if (loaded[i]) batch.move(i, count++);
        return count == 0 ? Optional.empty() : Optional.of(batch.first(count));
    }
}
