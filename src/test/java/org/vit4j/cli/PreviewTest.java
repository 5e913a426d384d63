package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code preview}. */
class PreviewTest {
    @TempDir
    Path directory;

    @Test
    void sheetHasTheRequestedNumberOfImages() throws IOException {
        Path sheet = directory.resolve("sheet.png");
        CommandLineTest.Outcome outcome = CommandLineTest.run(
                "preview",
                "digits-vit",
                "-o",
                sheet.toString(),
                "--count",
                "3",
                "--epoch",
                "60",
                "--set",
                "train.mixup={mixup: 0.8, mode: elem}");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.out()).isEqualTo("sheet: " + sheet + System.lineSeparator());
        BufferedImage image = ImageIO.read(sheet.toFile());
        // margins of 28, images of 32 pixels at scale 4, gaps of 16
        assertThat(image.getWidth()).isEqualTo(2 * 28 + 3 * 4 * 32 + 2 * 16);
    }

    @Test
    void invalidOptionsGiveOneLine() {
        String sheet = directory.resolve("sheet.png").toString();
        CommandLineTest.refused(
                "epoch 61: digits-vit trains epochs 1 to 60", "preview", "digits-vit", "-o", sheet, "--epoch", "61");
        CommandLineTest.refused("--count 0: expected at least 1", "preview", "digits-vit", "-o", sheet, "--count", "0");
        CommandLineTest.refused("expected a file name that ends in .png", "preview", "digits-vit", "-o", "sheet.jpg");
        CommandLineTest.refused("Missing required option: '--output=SHEET.png'", "preview", "digits-vit");
        CommandLineTest.refused("data.path is missing", "preview", "vit_tiny_patch16_224", "-o", sheet);
    }
}
