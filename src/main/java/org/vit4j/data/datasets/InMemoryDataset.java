package org.vit4j.data.datasets;

import java.util.List;
import org.vit4j.data.image.ByteImage;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.PixelBuffers;

/** A small dataset held in memory, one byte per value. */
public final class InMemoryDataset implements Dataset {
    /** Order of the pixel values. */
    public enum PixelLayout {
        /** [N, C, H, W] */
        PLANES,
        /** [N, H, W, C] */
        INTERLEAVED
    }

    private final String name;
    private final int height;
    private final int width;
    private final int channels;
    private final PixelLayout layout;
    private final byte[] pixels;
    private final byte[] labels;
    private final List<String> classes;

    public InMemoryDataset(
            String name, int[] hwc, PixelLayout layout, byte[] pixels, byte[] labels, List<String> classes) {
        this.name = name;
        this.height = hwc[0];
        this.width = hwc[1];
        this.channels = hwc[2];
        this.layout = layout;
        this.pixels = pixels;
        this.labels = labels;
        this.classes = List.copyOf(classes);
        if (pixels.length != (long) labels.length * height * width * channels) {
            throw new IllegalArgumentException(labels.length + " labels, but " + pixels.length + " pixel values");
        }
    }

    @Override
    public int size() {
        return labels.length;
    }

    @Override
    public Image image(int index) {
        int area = height * width;
        int start = index * area * channels;
        byte[] out = PixelBuffers.bytes(area * channels);
        for (int i = 0; i < area; i++) {
            for (int c = 0; c < channels; c++) {
                int from = layout == PixelLayout.PLANES ? c * area + i : i * channels + c;
                out[i * channels + c] = pixels[start + from];
            }
        }
        return Image.of(new ByteImage(height, width, channels, out));
    }

    @Override
    public boolean decodesOnAccess() {
        return true;
    }

    @Override
    public int label(int index) {
        return labels[index] & 0xFF;
    }

    @Override
    public String name(int index) {
        return name + "[" + index + "]";
    }

    @Override
    public List<String> classes() {
        return classes;
    }
}
