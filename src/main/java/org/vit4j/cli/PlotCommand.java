package org.vit4j.cli;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.PngEncoder;
import org.vit4j.io.AtomicFiles;
import org.vit4j.plot.Drawing;
import org.vit4j.plot.ModelPlot;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "plot",
        mixinStandardHelpOptions = true,
        description = "Draws a model: its stages and blocks, and the shapes of the tensors between them.")
final class PlotCommand implements Callable<Integer> {
    @Parameters(paramLabel = "VARIANT|CONFIG|MODEL", description = "A variant name, a YAML file or a .keras file.")
    private String model;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FILE",
            description = "The image to write: .svg or .png.")
    private Path output;

    @Mixin
    private OverrideOption overrides;

    @Option(
            names = "--scale",
            paramLabel = "S",
            defaultValue = "1.5",
            description = "Scale of a PNG, above 0 and at most 8 (default: ${DEFAULT-VALUE}).")
    private double scale;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        String file = output.toString().toLowerCase(Locale.ROOT);
        if (!file.endsWith(".svg") && !file.endsWith(".png")) {
            throw new ConfigError("-o " + output + ": expected a file name that ends in .svg or .png");
        }
        if (!(scale > 0 && scale <= 8)) throw new ConfigError("--scale " + scale + ": expected above 0, at most 8");
        // Java's 2D drawing must not connect to a display.
        System.setProperty("java.awt.headless", "true");
        NamedModel named = NamedModel.of(model, overrides.values());
        Drawing drawing = ModelPlot.of(named.name(), named.model().graph());
        if (file.endsWith(".svg")) {
            AtomicFiles.write(output, drawing.svg());
        } else {
            BufferedImage image = drawing.image(scale);
            AtomicFiles.write(output, temporary -> Files.write(temporary, PngEncoder.encode(image)));
        }
        spec.commandLine().getOut().println("drawing: " + output);
        return CommandLineProgram.SUCCESS;
    }
}
