package org.vit4j.cli;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;
import org.vit4j.plot.Drawing;
import org.vit4j.plot.ModelPlot;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "plot",
        mixinStandardHelpOptions = true,
        description = "Draws a network: stages, blocks, and the shapes that flow between them.")
final class PlotCommand implements Callable<Integer> {
    @Parameters(paramLabel = "VARIANT|CONFIG|MODEL", description = "A variant's name, a YAML file or a .keras file.")
    private String what;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FILE",
            description = "The picture: .svg or .png.")
    private Path output;

    @Option(names = "--set", paramLabel = "path=value", description = "Override a value of the config.")
    private List<String> overrides = List.of();

    @Option(
            names = "--scale",
            paramLabel = "S",
            defaultValue = "1.5",
            description = "Pixels of a PNG for one of the drawing (${DEFAULT-VALUE}).")
    private double scale;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        String file = output.toString().toLowerCase(Locale.ROOT);
        if (!file.endsWith(".svg") && !file.endsWith(".png")) {
            throw new ConfigError("-o " + output + ": give it a name that ends in .svg or .png");
        }
        if (!(scale > 0 && scale <= 8)) throw new ConfigError("--scale " + scale + ": expected above 0, at most 8");
        // Java's drawing must not look for a screen.
        System.setProperty("java.awt.headless", "true");
        NamedModel network = NamedModel.of(what, overrides);
        Drawing drawing = ModelPlot.of(network.name(), network.model().build());
        if (file.endsWith(".svg")) {
            AtomicFiles.write(output, drawing.svg());
        } else {
            BufferedImage picture = drawing.image(scale);
            AtomicFiles.write(output, temporary -> {
                if (!ImageIO.write(picture, "png", temporary.toFile())) throw new AssertionError("no writer of PNG");
            });
        }
        spec.commandLine().getOut().println("drawing: " + output);
        return CommandLineProgram.DONE;
    }
}
