package org.vit4j.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.config.Section;

/** Reads {@code data.augment}, in order. */
public final class Transforms {
    private static final List<String> NAMES = List.of(
            "resize",
            "center_crop",
            "random_crop",
            "random_resized_crop",
            "horizontal_flip",
            "vertical_flip",
            "random_affine");

    private Transforms() {}

    /**
     * Entries such as {@code horizontal_flip} or {@code {name: random_crop, padding: 4}}. Where a size is left out, it
     * is the model's; that of {@code random_crop} is the image's own.
     *
     * @return those without mistakes; mistakes are noted in the sections
     */
    public static List<Transform> read(List<Section> entries, int imageHeight, int imageWidth) {
        List<Transform> transforms = new ArrayList<>();
        for (Section entry : entries) {
            read(entry, List.of(imageHeight, imageWidth)).ifPresent(transforms::add);
        }
        return List.copyOf(transforms);
    }

    private static Optional<? extends Transform> read(Section s, List<Integer> model) {
        String name = s.wordAt("name", NAMES);
        return switch (name) {
            case "resize" -> {
                List<Integer> size = s.intsAt("size", model);
                Interpolation interpolation = interpolation(s);
                yield s.build(() -> new Transform.Resize(size, interpolation));
            }
            case "center_crop" -> {
                List<Integer> size = s.intsAt("size", model);
                yield s.build(() -> new Transform.CenterCrop(size));
            }
            case "random_crop" -> {
                List<Integer> size = s.has("size") ? s.intsAt("size", model) : List.of();
                int padding = s.intAt("padding", 0);
                double fill = s.doubleAt("fill", 0);
                yield s.build(() -> new Transform.RandomCrop(size, padding, fill));
            }
            case "random_resized_crop" -> randomResizedCrop(s, model);
            case "horizontal_flip" -> {
                double p = s.doubleAt("p", 0.5);
                yield s.build(() -> new Transform.HorizontalFlip(p));
            }
            case "vertical_flip" -> {
                double p = s.doubleAt("p", 0.5);
                yield s.build(() -> new Transform.VerticalFlip(p));
            }
            case "random_affine" -> randomAffine(s);
            default -> throw new AssertionError(name);
        };
    }

    private static Optional<Transform.RandomResizedCrop> randomResizedCrop(Section s, List<Integer> model) {
        List<Integer> size = s.intsAt("size", model);
        Range scale = range(s, "scale", new Range(0.08, 1));
        Range ratio = range(s, "ratio", new Range(3 / 4.0, 4 / 3.0));
        Interpolation interpolation = interpolation(s);
        return s.build(() -> new Transform.RandomResizedCrop(size, scale, ratio, interpolation));
    }

    private static Optional<Transform.RandomAffine> randomAffine(Section s) {
        double degrees = s.doubleAt("degrees", 0);
        double translate = s.doubleAt("translate", 0);
        Range scale = range(s, "scale", new Range(1, 1));
        double shear = s.doubleAt("shear", 0);
        double fill = s.doubleAt("fill", 0);
        return s.build(() -> new Transform.RandomAffine(degrees, translate, scale, shear, fill));
    }

    private static Range range(Section s, String key, Range standard) {
        List<Double> ends = s.doublesAt(key, List.of(standard.low(), standard.high()));
        if (ends.size() == 2 && ends.get(0) <= ends.get(1)) return new Range(ends.get(0), ends.get(1));
        s.reject(key, "expected [low, high], got " + ends);
        return standard;
    }

    private static Interpolation interpolation(Section s) {
        return s.oneOf("interpolation", Interpolation.class, Interpolation.BICUBIC);
    }
}
