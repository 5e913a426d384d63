package org.vit4j.cli;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.train.AugmentPreview;
import org.vit4j.train.RunConfig;
import org.vit4j.train.TrainData;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "preview",
        mixinStandardHelpOptions = true,
        description = "Draws the training images as the network will see them, with their (mixed) labels.")
final class PreviewCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CONFIG", description = "A YAML file, or the name of a packaged config.")
    private String what;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "SHEET.png",
            description = "The picture that is written.")
    private Path output;

    @Option(names = "--count", paramLabel = "N", description = "Images on it; one batch, 32 at most, when left out.")
    private Optional<Integer> count = Optional.empty();

    @Option(names = "--epoch", paramLabel = "E", description = "Of which epoch, from 1. Default: ${DEFAULT-VALUE}.")
    private int epoch = 1;

    @Option(names = "--set", paramLabel = "path=value", description = "Override a value of the config.")
    private List<String> overrides = List.of();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        if (!output.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
            throw new ConfigError("-o " + output + ": the sheet is a PNG, give it a name that ends in .png");
        }
        count.filter(n -> n < 1).ifPresent(n -> {
            throw new ConfigError("--count " + n + ": expected at least 1");
        });
        // Java's drawing must not look for a screen.
        System.setProperty("java.awt.headless", "true");
        RunConfig config = RunConfig.open(what, overrides);
        int images = count.orElse(Math.min(32, config.train().batch()));
        BufferedImage sheet = AugmentPreview.sheet(config, TrainData.open(config), epoch, images);
        AtomicFiles.write(output, temporary -> {
            if (!ImageIO.write(sheet, "png", temporary.toFile())) throw new AssertionError("no writer of PNG");
        });
        spec.commandLine().getOut().println("sheet: " + output);
        return CommandLineProgram.DONE;
    }
}
