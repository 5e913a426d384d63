package org.vit4j.data;

/**
 * Time that batches took to load.
 *
 * @param images number of images that were loaded
 * @param decode seconds that the threads spent reading and decoding them, summed over the threads
 * @param transform seconds that the threads spent on augmentation and preprocessing, summed over the threads
 * @param waiting seconds that the consumer waited for batches
 */
public record LoadTimes(long images, double decode, double transform, double waiting) {
    /** Nothing loaded, or not measured. */
    public static final LoadTimes NONE = new LoadTimes(0, 0, 0, 0);

    /** The part of these times that came after {@code earlier}. */
    public LoadTimes since(LoadTimes earlier) {
        return new LoadTimes(
                images - earlier.images,
                decode - earlier.decode,
                transform - earlier.transform,
                waiting - earlier.waiting);
    }

    /** Milliseconds of a thread per image for decoding; 0 without images. */
    public double decodeMillis() {
        return images == 0 ? 0 : 1e3 * decode / images;
    }

    /** Milliseconds of a thread per image for augmentation and preprocessing; 0 without images. */
    public double transformMillis() {
        return images == 0 ? 0 : 1e3 * transform / images;
    }
}
