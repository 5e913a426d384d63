package org.vit4j.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.config.ConfigError;
import org.vit4j.config.Section;

/**
 * From any picture to what the network sees, without chance: the evaluation transform of timm 0.9.16 with
 * {@code crop_mode: center}. The shorter side is resized to {@code floor(size / cropPct)}, the middle cut out, then
 * {@code (x / 255 - mean) / std}. An image that already has the right size is only normalized.
 *
 * @param cropPct share of the resized picture that is cut out, 0..1
 * @param mean a value a channel
 * @param std a value a channel
 */
public record Preprocessing(
        int height,
        int width,
        int channels,
        double cropPct,
        Interpolation interpolation,
        List<Double> mean,
        List<Double> std) {

    /** A single mean or std stands for all channels. */
    public Preprocessing {
        check(height >= 1 && width >= 1, "image size must be above 0", height + "x" + width);
        check(channels == 1 || channels == 3, "channels must be 1 or 3", channels);
        check(cropPct > 0 && cropPct <= 1, "crop_pct must lie in 0..1, above 0", cropPct);
        mean = spread(mean, channels);
        std = spread(std, channels);
        check(mean.size() == channels, "mean must be one number or one a channel", mean);
        check(std.size() == channels, "std must be one number or one a channel", std);
        check(mean.stream().allMatch(Double::isFinite), "mean must be finite", mean);
        check(std.stream().allMatch(x -> x > 0 && Double.isFinite(x)), "std must be above 0", std);
    }

    /** Pictures -> [B, H, W, C]. */
    public INDArray batch(List<Image> images) {
        int size = height * width * channels;
        float[] all = new float[images.size() * size];
        for (int i = 0; i < images.size(); i++) System.arraycopy(apply(images.get(i)), 0, all, i * size, size);
        return Nd4j.createFromArray(all).reshape('c', images.size(), height, width, channels);
    }

    /** [H', W', any] -> [H, W, C], normalized */
    public float[] apply(Image image) {
        return normalize(fit(image.withChannels(channels)));
    }

    /** The picture as the network sees it, before normalizing: [H', W', any] -> [H, W, C]. What a heat map lies on. */
    public Image view(Image image) {
        return fit(image.withChannels(channels));
    }

    /**
     * What {@link #apply} made, as a picture again: [H, W, C], 0..255 unless something was done to it since. Floats come
     * back a hair beside the whole number they were; those are whole again, as {@link Image} wants them.
     */
    public Image undo(float[] normalized) {
        float[] pixels = new float[normalized.length];
        for (int i = 0; i < pixels.length; i++) {
            double pixel = (normalized[i] * std.get(i % channels) + mean.get(i % channels)) * 255;
            pixels[i] = (float) (Math.abs(pixel - Math.rint(pixel)) < 1e-3 ? Math.rint(pixel) + 0.0 : pixel); // no -0
        }
        return new Image(height, width, channels, pixels);
    }

    private Image fit(Image image) {
        if (image.height() == height && image.width() == width) return image;
        int tall = (int) Math.floor(height / cropPct);
        int wide = (int) Math.floor(width / cropPct);
        int[] resized = tall == wide ? ImageGeometry.shorterSize(image, tall) : keepRatio(image, tall, wide);
        return ImageGeometry.resizedCenter(image, resized, height, width, interpolation);
    }

    /** timm's ResizeKeepRatio: the smallest size in proportion that covers [tall, wide]. */
    private static int[] keepRatio(Image image, int tall, int wide) {
        double ratio = Math.min((double) image.height() / tall, (double) image.width() / wide);
        int h = Math.max(1, (int) Math.rint(image.height() / ratio));
        int w = Math.max(1, (int) Math.rint(image.width() / ratio));
        return new int[] {h, w};
    }

    private float[] normalize(Image image) {
        float[] out = new float[height * width * channels];
        float[] pixels = image.pixels();
        for (int c = 0; c < channels; c++) {
            float center = mean.get(c).floatValue();
            float spread = std.get(c).floatValue();
            // In the order, and in the precision, of torchvision: ToTensor, then Normalize.
            for (int i = c; i < out.length; i += channels) out[i] = (pixels[i] / 255f - center) / spread;
        }
        return out;
    }

    /** As it travels inside a saved model: text, numbers and lists only. */
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

    /** @throws ConfigError when something is missing or out of bounds; the caller knows the file and adds it */
    public static Preprocessing fromMap(Map<String, ?> map) {
        try {
            return new Preprocessing(
                    whole(map, "height"),
                    whole(map, "width"),
                    whole(map, "channels"),
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
     * @param standard what holds where nothing is written
     * @return empty when something is wrong, which is noted then
     */
    public static Optional<Preprocessing> read(Section s, Preprocessing standard) {
        List<Double> mean = forChannels(s.doublesAt("mean", standard.mean), standard.channels);
        List<Double> std = forChannels(s.doublesAt("std", standard.std), standard.channels);
        Interpolation interpolation = s.enumAt("interpolation", Interpolation.class, standard.interpolation);
        double cropPct = s.doubleAt("crop_pct", standard.cropPct);
        try {
            return Optional.of(new Preprocessing(
                    standard.height, standard.width, standard.channels, cropPct, interpolation, mean, std));
        } catch (IllegalArgumentException rule) {
            s.reject(keyOf(rule), rule.getMessage());
            return Optional.empty();
        }
    }

    /** A published variant's three numbers, for a model that sees luma: their luma. */
    private static List<Double> forChannels(List<Double> values, int channels) {
        return channels == 1 && values.size() == 3 ? List.of(DatasetDefaults.luma(values)) : values;
    }

    private static String keyOf(IllegalArgumentException rule) {
        String first = rule.getMessage().split(" ", 2)[0];
        return List.of("mean", "std", "crop_pct").contains(first) ? first : "mean";
    }

    private static List<Double> spread(List<Double> values, int channels) {
        List<Double> all = new ArrayList<>(values);
        while (values.size() == 1 && all.size() < channels) all.add(values.get(0));
        return List.copyOf(all);
    }

    private static int whole(Map<String, ?> map, String key) {
        double number = number(map.get(key), key);
        check(number == Math.rint(number) && Math.abs(number) < 1 << 20, key + " must be a whole number", number);
        return (int) number;
    }

    private static Interpolation interpolation(Map<String, ?> map) {
        String word = String.valueOf(map.get("interpolation"));
        for (Interpolation known : Interpolation.values()) {
            if (known.name().toLowerCase(Locale.ROOT).equals(word)) return known;
        }
        throw new IllegalArgumentException("interpolation must be nearest, bilinear or bicubic (" + word + ")");
    }

    private static double number(Object value, String key) {
        if (value instanceof Number number) return number.doubleValue();
        throw new IllegalArgumentException(key + " must be a number (" + value + ")");
    }

    private static List<Double> numbers(Map<String, ?> map, String key) {
        check(map.get(key) instanceof List<?>, key + " must be a list of numbers", map.get(key));
        return ((List<?>) map.get(key))
                .stream().map(value -> number(value, key)).toList();
    }

    private static void check(boolean rule, String text, Object value) {
        if (!rule) throw new IllegalArgumentException(text + " (" + value + ")");
    }
}
