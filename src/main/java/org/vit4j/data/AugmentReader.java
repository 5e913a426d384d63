package org.vit4j.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;

/** Reads {@code data.augment} and {@code data.repeats}. */
public final class AugmentReader {
    private static final String ERASING = "random_erasing";
    private static final List<String> NAMES = List.of(
            "resize",
            "center_crop",
            "random_crop",
            "random_resized_crop",
            "horizontal_flip",
            "vertical_flip",
            "random_affine",
            "rand_augment",
            "three_augment",
            "color_jitter",
            ERASING);

    private AugmentReader() {}

    /**
     * Reads a list of transforms, such as {@code horizontal_flip} or {@code {name: random_crop, padding: 4}}. The default
     * size is the model's input size; {@code random_crop} keeps the image's size by default.
     *
     * @param s the {@code data:} section
     * @param preprocess applied after the transforms; gives the model's input size, and its mean is the default fill color
     * @return the valid entries; problems are noted in the section
     */
    public static Optional<AugmentConfig> read(Section s, Preprocessing preprocess) {
        List<Section> entries = s.sections("augment");
        List<Transform> transforms = new ArrayList<>();
        Optional<RandomErasing> erasing = Optional.empty();
        for (int i = 0; i < entries.size(); i++) {
            Section entry = entries.get(i);
            String name = entry.choiceAt("name", NAMES);
            if (!name.equals(ERASING)) {
                read(name, entry, preprocess).ifPresent(transforms::add);
                continue;
            }
            if (i < entries.size() - 1) entry.reject("name", "works on normalized values and must be the last entry");
            erasing = erasing(entry);
        }
        int repeats = s.intUnlessOff("repeats", 1, 1);
        try {
            return Optional.of(new AugmentConfig(transforms, erasing, repeats));
        } catch (Checks.InvalidValueException e) {
            s.reject(e.key(), e.getMessage());
            return Optional.empty();
        }
    }

    private static Optional<? extends Transform> read(String name, Section s, Preprocessing preprocess) {
        List<Integer> modelSize = List.of(preprocess.height(), preprocess.width());
        return switch (name) {
            case "resize" -> {
                List<Integer> size = s.intsAt("size", modelSize);
                Interpolation interpolation = interpolation(s);
                yield s.build(() -> new Transform.ResizeImage(size, interpolation));
            }
            case "center_crop" -> {
                List<Integer> size = s.intsAt("size", modelSize);
                yield s.build(() -> new Transform.CenterCrop(size));
            }
            case "random_crop" -> {
                List<Integer> size = s.has("size") ? s.intsAt("size", modelSize) : List.of();
                int padding = s.intAt("padding", 0);
                double fill = s.doubleAt("fill", 0);
                yield s.build(() -> new Transform.RandomCrop(size, padding, fill));
            }
            case "random_resized_crop" -> randomResizedCrop(s, modelSize);
            case "horizontal_flip" -> {
                double p = s.doubleAt("p", 0.5);
                yield s.build(() -> new Transform.HorizontalFlip(p));
            }
            case "vertical_flip" -> {
                double p = s.doubleAt("p", 0.5);
                yield s.build(() -> new Transform.VerticalFlip(p));
            }
            case "random_affine" -> randomAffine(s);
            case "rand_augment" -> RandAugmentPolicy.read(s, preprocess.mean());
            case "three_augment" -> s.build(ThreeAugment::new);
            case "color_jitter" -> colorJitter(s);
            default -> throw new AssertionError(name);
        };
    }

    private static Optional<Transform.RandomResizedCrop> randomResizedCrop(Section s, List<Integer> modelSize) {
        List<Integer> size = s.intsAt("size", modelSize);
        ValueRange scale = range(s, "scale", new ValueRange(0.08, 1));
        ValueRange ratio = range(s, "ratio", new ValueRange(3 / 4.0, 4 / 3.0));
        Interpolation interpolation = interpolation(s);
        return s.build(() -> new Transform.RandomResizedCrop(size, scale, ratio, interpolation));
    }

    private static Optional<Transform.RandomAffine> randomAffine(Section s) {
        double degrees = s.doubleAt("degrees", 0);
        double translate = s.doubleAt("translate", 0);
        ValueRange scale = range(s, "scale", new ValueRange(1, 1));
        double shear = s.doubleAt("shear", 0);
        double fill = s.doubleAt("fill", 0);
        return s.build(() -> new Transform.RandomAffine(degrees, translate, scale, shear, fill));
    }

    private static Optional<ColorJitter> colorJitter(Section s) {
        double brightness = s.doubleAt("brightness", 0.4);
        double contrast = s.doubleAt("contrast", 0.4);
        double saturation = s.doubleAt("saturation", 0.4);
        double hue = s.doubleAt("hue", 0);
        double p = s.doubleAt("p", 1);
        return s.build(() -> new ColorJitter(brightness, contrast, saturation, hue, p));
    }

    private static Optional<RandomErasing> erasing(Section s) {
        double p = s.doubleAt("p", 0.25);
        RandomErasing.ErasingMode mode =
                s.enumAt("mode", RandomErasing.ErasingMode.class, RandomErasing.ErasingMode.PIXEL);
        ValueRange scale = range(s, "scale", new ValueRange(0.02, 1 / 3.0));
        ValueRange ratio = range(s, "ratio", new ValueRange(0.3, 1 / 0.3));
        int count = s.intAt("count", 1);
        return s.build(() -> new RandomErasing(p, mode, scale, ratio, count));
    }

    static ValueRange range(Section s, String key, ValueRange defaultRange) {
        List<Double> ends = s.doublesAt(key, List.of(defaultRange.low(), defaultRange.high()));
        if (ends.size() == 2 && ends.get(0) <= ends.get(1)) return new ValueRange(ends.get(0), ends.get(1));
        s.reject(key, "expected [low, high], got " + ends);
        return defaultRange;
    }

    private static Interpolation interpolation(Section s) {
        return s.enumAt("interpolation", Interpolation.class, Interpolation.BICUBIC);
    }
}
