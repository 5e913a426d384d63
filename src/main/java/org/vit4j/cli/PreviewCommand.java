package org.vit4j.cli;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.PngEncoder;
import org.vit4j.io.AtomicFiles;
import org.vit4j.run.AugmentPreview;
import org.vit4j.run.RunConfig;
import org.vit4j.run.TrainData;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "preview",
        mixinStandardHelpOptions = true,
        description = "Writes a contact sheet of augmented training images with their (mixed) labels.")
final class PreviewCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CONFIG", description = "A YAML file, or the name of a packaged config.")
    private String config;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "SHEET.png",
            description = "The PNG file to write.")
    private Path output;

    @Option(names = "--count", paramLabel = "N", description = "Number of images (default: one batch, at most 32).")
    private Optional<Integer> count = Optional.empty();

    @Option(
            names = "--epoch",
            paramLabel = "E",
            description = "Epoch whose images are shown, from 1 (default: ${DEFAULT-VALUE}).")
    private int epoch = 1;

    @Mixin
    private OverrideOption overrides;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (!output.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
            throw new ConfigError("-o " + output + ": expected a file name that ends in .png");
        }
        count.filter(n -> n < 1).ifPresent(n -> {
            throw new ConfigError("--count " + n + ": expected at least 1");
        });
        // Java's 2D drawing must not connect to a display.
        System.setProperty("java.awt.headless", "true");
        RunConfig run = RunConfig.open(config, overrides.values());
        int images = count.orElse(Math.min(32, run.train().batch()));
        BufferedImage sheet = AugmentPreview.sheet(run, TrainData.open(run), epoch, images);
        AtomicFiles.write(output, temporary -> Files.write(temporary, PngEncoder.encode(sheet)));
        spec.commandLine().getOut().println("sheet: " + output);
        return CommandLineProgram.SUCCESS;
    }
}
