package org.vit4j.data.datasets;

import org.vit4j.data.image.Image;

/** Access to the images of a {@link ReadPlan}. Thread-safe. */
public interface ImagePass extends AutoCloseable {

    /**
     * Returns the image at a position of the plan. Each position is requested at most once, approximately in ascending order.
     *
     * @throws java.util.concurrent.CancellationException if the pass is closed
     */
    Image image(int position);

    /** Ends the pass; threads that wait for an image throw. */
    @Override
    default void close() {}
}
