package org.vit4j.cli;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import org.vit4j.io.RunException;
import org.vit4j.machine.SuppressedOutput;
import org.vit4j.model.Network;
import org.vit4j.run.RunConfig;
import picocli.CommandLine.Command;

@Command(
        name = "warm-up",
        hidden = true,
        mixinStandardHelpOptions = true,
        description =
                "Loads the classes of a prediction by predicting once with a small network of random weights; used by"
                        + " archive.sh.")
final class WarmUpCommand implements Callable<Integer> {
    private static final List<String> SMALL = List.of("model.depth=1", "model.classes=10");

    @Override
    public Integer call() throws IOException {
        Path directory = Files.createTempDirectory("vit4j-warm-up");
        Path model = directory.resolve("model.keras");
        Path image = directory.resolve("image.jpg");
        try {
            try (Network network = Network.create(
                    RunConfig.open("deit_tiny_patch16_224", SMALL).model(), 1)) {
                network.save(model);
            }
            ImageIO.write(new BufferedImage(256, 256, BufferedImage.TYPE_INT_RGB), "jpg", image.toFile());
            run("predict", model.toString(), image.toString());
            run("help"); // loads the classes of all commands
        } finally {
            Files.deleteIfExists(model);
            Files.deleteIfExists(image);
            Files.delete(directory);
        }
        return CommandLineProgram.SUCCESS;
    }

    private static void run(String... words) {
        int[] code = new int[1];
        SuppressedOutput.withoutOutput(() -> code[0] = CommandLineProgram.run(words));
        if (code[0] != CommandLineProgram.SUCCESS)
            throw new RunException(words[0] + " ended with exit code " + code[0]);
    }
}
