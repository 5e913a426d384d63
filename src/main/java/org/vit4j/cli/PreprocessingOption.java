package org.vit4j.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.models.ImageSpec;
import org.vit4j.models.Model;
import picocli.CommandLine.Option;

/** The options {@code --image}, {@code --crop-pct} and {@code --interpolation}, which replace a model's preprocessing. */
final class PreprocessingOption {
    @Option(
            names = "--image",
            paramLabel = "N|HxW",
            description = "Change the image size of the network; position embeddings are resampled.")
    private Optional<String> image = Optional.empty();

    @Option(
            names = "--crop-pct",
            paramLabel = "X",
            description = "Side of the center crop relative to the resized image, in (0, 1].")
    private Optional<Double> cropPct = Optional.empty();

    @Option(
            names = "--interpolation",
            paramLabel = "NAME",
            description = "Resizing of images: nearest, bilinear or bicubic.")
    private Optional<Interpolation> interpolation = Optional.empty();

    /** Returns the network for the requested image size. */
    Model resized(Path file, Model model) {
        if (image.isEmpty()) return model;
        String size = image.get();
        if (!size.matches("[1-9]\\d{0,5}(x[1-9]\\d{0,5})?"))
            throw new ConfigError("--image " + size + ": expected a side length or HxW");
        String[] sides = size.split("x", 2);
        int height = Integer.parseInt(sides[0]);
        int width = Integer.parseInt(sides[sides.length - 1]);
        if (height == model.image().height() && width == model.image().width()) return model;
        try {
            return model.withImageSize(height, width);
        } catch (ConfigError e) {
            throw new ConfigError("--image " + size + ": " + file + ": " + e.getMessage(), e);
        }
    }

    /** Returns the preprocessing for a network, with the requested changes. */
    Preprocessing applyTo(Preprocessing p, ImageSpec spec) {
        double crop = cropPct.orElse(p.cropPct());
        if (!(crop > 0 && crop <= 1)) throw new ConfigError("--crop-pct " + crop + ": expected a number in (0, 1]");
        return new Preprocessing(
                spec.height(),
                spec.width(),
                p.channels(),
                crop,
                interpolation.orElse(p.interpolation()),
                p.mean(),
                p.std());
    }
}
