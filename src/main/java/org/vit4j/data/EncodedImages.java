package org.vit4j.data;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.config.ConfigError;

/**
 * Encoded pictures from anywhere, decoded when asked for.
 *
 * <p>With {@link OnCorrupt#SKIP} a picture that cannot be read is logged once, counted, and replaced by the next readable
 * one of the same class, so that labels and the number of examples stay as they are, in every run.
 */
public final class EncodedImages implements Dataset {
    private static final Logger LOG = LoggerFactory.getLogger(EncodedImages.class);

    private final String root;
    private final List<String> names;
    private final List<Integer> labels;
    private final List<String> classes;
    private final IntFunction<Image> read;
    private final OnCorrupt onCorrupt;
    private final Set<Integer> corrupt = ConcurrentHashMap.newKeySet();

    /**
     * Pictures by their number.
     *
     * @param root where they come from, for messages
     * @param labels of each, an index of {@code classes}
     * @param read gives one, or throws a {@link ConfigError} that names it; called by several threads
     */
    public EncodedImages(
            String root,
            List<String> names,
            List<Integer> labels,
            List<String> classes,
            IntFunction<Image> read,
            OnCorrupt onCorrupt) {
        this.root = root;
        this.names = List.copyOf(names);
        this.labels = List.copyOf(labels);
        this.classes = List.copyOf(classes);
        this.read = read;
        this.onCorrupt = onCorrupt;
    }

    @Override
    public int size() {
        return names.size();
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
                throw new ConfigError(root + "/" + classes.get(label(index)) + ": none of its pictures can be read");
            }
        }
    }

    /** After the last of a class comes its first. */
    private int nextOfClass(int index) {
        int at = index;
        do at = (at + 1) % size();
        while (label(at) != label(index));
        return at;
    }

    /** How many pictures have been found unreadable and replaced so far. */
    public int skipped() {
        return corrupt.size();
    }

    @Override
    public int label(int index) {
        return labels.get(index);
    }

    @Override
    public String name(int index) {
        return names.get(index);
    }

    @Override
    public List<String> classes() {
        return classes;
    }
}
