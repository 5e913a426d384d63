package org.vit4j.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.Checks;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;
import org.vit4j.data.image.ByteImage;
import org.vit4j.data.image.Image;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.data.transforms.Resampling;
import org.vit4j.data.transforms.TransformDefaults;

/**
 * Deterministic transform from an image of any size to the model's input: the evaluation transform of timm 0.9.16 with
 * {@code crop_mode: center}. Resizes the shorter side to {@code floor(size / cropPct)}, crops the center, then computes
 * {@code (x / 255 - mean) / std}. An image that already has the size of the input is only normalized.
 *
 * @param cropPct side of the crop relative to the resized image, in (0, 1]
 * @param mean per channel, for values in 0..1
 * @param std per channel, for values in 0..1
 */
public record Preprocessing(
        int height,
        int width,
        int channels,
        double cropPct,
        Interpolation interpolation,
        List<Double> mean,
        List<Double> std) {

    /** A single mean or std applies to all channels. */
    public Preprocessing {
        Checks.positive("height", height);
        Checks.positive("width", width);
        Checks.check(channels == 1 || channels == 3, "channels", channels, "must be 1 or 3");
        Checks.check(cropPct > 0 && cropPct <= 1, "crop_pct", cropPct, "must be in (0, 1]");
        mean = spread(mean, channels);
        std = spread(std, channels);
        Checks.check(mean.size() == channels, "mean", mean, "must have one value, or one per channel");
        Checks.check(std.size() == channels, "std", std, "must have one value, or one per channel");
        Checks.check(mean.stream().map(Double::floatValue).allMatch(Float::isFinite), "mean", mean, "must be finite");
        Checks.check(std.stream().allMatch(x -> x > 0 && Double.isFinite(x)), "std", std, "must be positive");
        Checks.check(
                std.stream().map(Double::floatValue).allMatch(x -> x >= Float.MIN_NORMAL && Float.isFinite(x)),
                "std",
                std,
                "must be a normal number in float32");
    }

    /** Defaults of the transforms that come before this preprocessing. */
    public TransformDefaults transformDefaults() {
        return new TransformDefaults(List.of(height, width), mean);
    }

    /** Preprocesses images of any sizes -> [B, H, W, C]. */
    public INDArray batch(List<Image> images) {
        int size = height * width * channels;
        Checks.require(
                (long) images.size() * size <= Integer.MAX_VALUE,
                "%d images of %d x %d are too many for one array; expected at most %d",
                images.size(),
                height,
                width,
                Integer.MAX_VALUE / size);
        float[] all = new float[images.size() * size];
        for (int i = 0; i < images.size(); i++) apply(images.get(i), all, i * size);
        return Nd4j.createFromArray(all).reshape('c', images.size(), height, width, channels);
    }

    /** [H', W', any] -> [H, W, C], normalized */
    public float[] apply(Image image) {
        float[] out = new float[height * width * channels];
        apply(image, out, 0);
        return out;
    }

    /** Like {@link #apply(Image)}, but writes the values to {@code out[offset..]}. */
    public void apply(Image image, float[] out, int offset) {
        normalize(fit(image.withChannels(channels)), out, offset);
    }

    /** Resizes and crops without normalizing: [H', W', any] -> [H, W, C]. */
    public Image view(Image image) {
        return fit(image.withChannels(channels));
    }

    /**
     * Inverse of the normalization of {@link #apply}: [H, W, C], 0..255 unless the values were changed in between. Values
     * within 1e-3 of an integer are rounded to it, since {@link Image} resamples integers in 8-bit arithmetic.
     */
    public Image denormalize(float[] normalized) {
        float[] pixels = new float[normalized.length];
        for (int i = 0; i < pixels.length; i++) {
            double pixel = (normalized[i] * std.get(i % channels) + mean.get(i % channels)) * 255;
            pixels[i] = (float) (Math.abs(pixel - Math.rint(pixel)) < 1e-3 ? Math.rint(pixel) + 0.0 : pixel); // no -0
        }
        return new Image(height, width, channels, pixels);
    }

    /** Resizes without cropping, so that the result covers the crop: [H', W', any] -> [H'', W'', C]. */
    public Image resized(Image image) {
        Image converted = image.withChannels(channels);
        int[] size = resizedSize(converted);
        return Resampling.resize(converted, size[0], size[1], interpolation);
    }

    private Image fit(Image image) {
        if (image.height() == height && image.width() == width) return image;
        return Resampling.resizeCenterCrop(image, resizedSize(image), height, width, interpolation);
    }

    private int[] resizedSize(Image image) {
        int minHeight = (int) Math.floor(height / cropPct);
        int minWidth = (int) Math.floor(width / cropPct);
        return minHeight == minWidth ? Resampling.shorterSize(image, minHeight) : keepRatio(image, minHeight, minWidth);
    }

    /** timm's ResizeKeepRatio: the smallest size with the image's aspect ratio that covers [minHeight, minWidth]. */
    private static int[] keepRatio(Image image, int minHeight, int minWidth) {
        double ratio = Math.min((double) image.height() / minHeight, (double) image.width() / minWidth);
        int h = Math.max(1, (int) Math.rint(image.height() / ratio));
        int w = Math.max(1, (int) Math.rint(image.width() / ratio));
        return new int[] {h, w};
    }

    private void normalize(Image image, float[] out, int offset) {
        Optional<ByteImage> bytes = image.bytes();
        if (bytes.isPresent()) {
            normalize(bytes.get().pixels(), out, offset);
            return;
        }
        float[] pixels = image.pixels();
        for (int i = 0; i < pixels.length; i++) out[offset + i] = normalize(pixels[i], i % channels);
    }

    private void normalize(byte[] pixels, float[] out, int offset) {
        float[] red = normalizedBytes(0);
        if (channels == 1) {
            for (int i = 0; i < pixels.length; i++) out[offset + i] = red[pixels[i] & 0xFF];
            return;
        }
        float[] green = normalizedBytes(1);
        float[] blue = normalizedBytes(2);
        for (int i = 0; i < pixels.length; i += 3) {
            out[offset + i] = red[pixels[i] & 0xFF];
            out[offset + i + 1] = green[pixels[i + 1] & 0xFF];
            out[offset + i + 2] = blue[pixels[i + 2] & 0xFF];
        }
    }

    /** Normalized values of bytes, [C * 256], by channel and byte. */
    public float[] byteTable() {
        float[] table = new float[channels * 256];
        for (int c = 0; c < channels; c++) System.arraycopy(normalizedBytes(c), 0, table, c * 256, 256);
        return table;
    }

    /** Normalized values of the bytes 0..255. */
    private float[] normalizedBytes(int channel) {
        float[] normalized = new float[256];
        for (int i = 0; i < 256; i++) normalized[i] = normalize(i, channel);
        return normalized;
    }

    /** Order and precision of torchvision's ToTensor, then Normalize. */
    private float normalize(float value, int channel) {
        return (value / 255f - mean.get(channel).floatValue())
                / std.get(channel).floatValue();
    }

    /** Returns a map of strings, numbers and lists, to be stored in a saved model. */
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("height", height);
        map.put("width", width);
        map.put("channels", channels);
        map.put("crop_pct", cropPct);
        map.put("interpolation", interpolation.name().toLowerCase(Locale.ROOT));
        map.put("mean", mean);
        map.put("std", std);
        return map;
    }

    /** @throws ConfigError if a value is missing or out of range; the caller adds the file's name */
    public static Preprocessing fromMap(Map<String, ?> map) {
        try {
            return new Preprocessing(
                    integer(map, "height"),
                    integer(map, "width"),
                    integer(map, "channels"),
                    number(map.get("crop_pct"), "crop_pct"),
                    interpolation(map),
                    numbers(map, "mean"),
                    numbers(map, "std"));
        } catch (IllegalArgumentException e) {
            throw new ConfigError("preprocessing: " + e.getMessage(), e);
        }
    }

    /**
     * Reads {@code mean}, {@code std}, {@code interpolation} and {@code crop_pct} of a {@code data:} section.
     *
     * @param defaults for missing keys, and the size of the input
     * @return empty if the section has problems, which are noted in it
     */
    public static Optional<Preprocessing> read(Section s, Preprocessing defaults) {
        List<Double> mean = forChannels(s.doublesAt("mean", defaults.mean), defaults.channels);
        List<Double> std = forChannels(s.doublesAt("std", defaults.std), defaults.channels);
        Interpolation interpolation = s.enumAt("interpolation", Interpolation.class, defaults.interpolation);
        double cropPct = s.doubleAt("crop_pct", defaults.cropPct);
        try {
            return Optional.of(new Preprocessing(
                    defaults.height, defaults.width, defaults.channels, cropPct, interpolation, mean, std));
        } catch (Checks.InvalidValueException e) {
            s.reject(e.key(), e.getMessage());
            return Optional.empty();
        }
    }

    /** Replaces RGB constants, for example of a published model, by their luma if the model's input is gray. */
    private static List<Double> forChannels(List<Double> values, int channels) {
        return channels == 1 && values.size() == 3 ? List.of(DatasetDefaults.luma(values)) : values;
    }

    private static List<Double> spread(List<Double> values, int channels) {
        List<Double> all = new ArrayList<>(values);
        while (values.size() == 1 && all.size() < channels) all.add(values.get(0));
        return List.copyOf(all);
    }

    private static int integer(Map<String, ?> map, String key) {
        double number = number(map.get(key), key);
        Checks.check(number == Math.rint(number) && Math.abs(number) < 1 << 20, key, number, "must be an integer");
        return (int) number;
    }

    private static Interpolation interpolation(Map<String, ?> map) {
        String name = String.valueOf(map.get("interpolation"));
        Optional<Interpolation> found = Arrays.stream(Interpolation.values())
                .filter(known -> known.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst();
        Checks.check(found.isPresent(), "interpolation", name, "must be nearest, bilinear or bicubic");
        return found.orElseThrow();
    }

    private static double number(Object value, String key) {
        Checks.check(value instanceof Number, key, value, "must be a number");
        return ((Number) value).doubleValue();
    }

    private static List<Double> numbers(Map<String, ?> map, String key) {
        Checks.check(map.get(key) instanceof List<?>, key, map.get(key), "must be a list of numbers");
        return ((List<?>) map.get(key))
                .stream().map(value -> number(value, key)).toList();
    }
}
