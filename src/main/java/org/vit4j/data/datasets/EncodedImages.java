package org.vit4j.data.datasets;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.Image;

/**
 * Dataset of encoded images from any source, decoded on access.
 *
 * <p>With {@link OnCorrupt#SKIP} an image that cannot be read is logged once, counted, and replaced by the next readable
 * image of its class. Labels and the number of examples therefore do not change, and every run uses the same replacement.
 */
public final class EncodedImages implements Dataset {
    private static final Logger LOG = LoggerFactory.getLogger(EncodedImages.class);

    private final String root;
    private final IntFunction<String> names;
    private final List<Integer> labels;
    private final List<String> classes;
    private final IntFunction<Image> read;
    private final OnCorrupt onCorrupt;
    private final Set<Integer> corrupt = ConcurrentHashMap.newKeySet();

    /**
     * Creates a dataset.
     *
     * @param root origin of the images, for messages
     * @param labels of the images, indices of {@code classes}
     * @param read decodes an image, which it does not keep, or throws a {@link ConfigError} that names it; called by several
     *     threads
     */
    public EncodedImages(
            String root,
            List<String> names,
            List<Integer> labels,
            List<String> classes,
            IntFunction<Image> read,
            OnCorrupt onCorrupt) {
        this(root, List.copyOf(names)::get, labels, classes, read, onCorrupt);
    }

    /** Creates a dataset whose names are made when they are needed. */
    public EncodedImages(
            String root,
            IntFunction<String> names,
            List<Integer> labels,
            List<String> classes,
            IntFunction<Image> read,
            OnCorrupt onCorrupt) {
        this.root = root;
        this.names = names;
        this.labels = List.copyOf(labels);
        this.classes = List.copyOf(classes);
        this.read = read;
        this.onCorrupt = onCorrupt;
    }

    @Override
    public int size() {
        return labels.size();
    }

    @Override
    public Image image(int index) {
        if (onCorrupt == OnCorrupt.FAIL) return read.apply(index);
        for (int at = index; ; ) {
            if (!corrupt.contains(at)) {
                try {
                    return read.apply(at);
                } catch (ConfigError e) {
                    if (corrupt.add(at)) LOG.warn("Skipped: {}", e.getMessage());
                }
            }
            at = nextOfClass(at);
            if (at == index) {
                throw new ConfigError(root + "/" + classes.get(label(index)) + ": none of its images can be read");
            }
        }
    }

    /** Next image of the class of {@code index}; wraps around to the first. */
    private int nextOfClass(int index) {
        int at = index;
        do at = (at + 1) % size();
        while (label(at) != label(index));
        return at;
    }

    /** Number of unreadable images replaced so far. */
    public int skipped() {
        return corrupt.size();
    }

    @Override
    public boolean decodesOnAccess() {
        return true;
    }

    @Override
    public int label(int index) {
        return labels.get(index);
    }

    @Override
    public String name(int index) {
        return names.apply(index);
    }

    @Override
    public List<String> classes() {
        return classes;
    }
}
