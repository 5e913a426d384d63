package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands {@code find-lr} and {@code average}. */
@Tag("slow")
class FindLrTest {
    @TempDir
    Path directory;

    private static CommandLineTest.Outcome find(String... options) {
        List<String> words = new ArrayList<>(List.of("find-lr", "digits-vit", "--steps", "24"));
        for (String set :
                List.of("model.dim=16", "model.depth=1", "model.heads=2", "train.batch=32", "data.validation=0.9")) {
            words.addAll(List.of("--set", set));
        }
        words.addAll(List.of(options));
        return CommandLineTest.run(words.toArray(String[]::new));
    }

    @Test
    void aRateIsSuggestedAndPlotted() throws IOException {
        for (String file : List.of("lr.html", "lr.svg", "lr.csv")) {
            Path plot = directory.resolve(file);
            CommandLineTest.Outcome outcome = find("--json", "--max-lr", "0.1", "-o", plot.toString());
            assertThat(outcome.code()).as(outcome.err()).isZero();
            JsonNode json = outcome.json();
            assertThat(json.path("lr").size()).isEqualTo(24);
            assertThat(json.path("suggestion").asDouble()).isBetween(1e-7, 0.1);
            String text = Files.readString(plot);
            if (file.endsWith(".csv")) assertThat(text.lines()).hasSize(25).startsWith("lr,loss,smoothed");
            else assertThat(text).contains("log10 of the learning rate").contains("valley");
        }
        assertThat(find("--max-lr", "0.1").out())
                .contains("suggestion: --set train.optimizer.lr=")
                .doesNotContain("lr_base_batch");
    }

    @Test
    void suggestedRatesAreNotScaledAgain() {
        String base = "train.optimizer.lr_base_batch=";
        assertThat(find("--max-lr", "0.1", "--set", base + 512).out()).contains(" --set " + base + "off");
        assertThat(find("--max-lr", "0.1", "--set", base + "off").out()).doesNotContain("lr_base_batch");
    }

    @Test
    void badOptionsAreReportedInOneLine() {
        CommandLineTest.refused("--max-lr (1.0E-9) must be above", "find-lr", "digits-vit", "--max-lr", "1e-9");
        CommandLineTest.refused(
                "expected a file name that ends in .html, .svg or .csv", "find-lr", "digits-vit", "-o", "a");
        CommandLineTest.refused("expected a file name that ends in .keras", "average", "a.keras", "-o", "b.h5");
        String steps = String.valueOf(Integer.MAX_VALUE);
        CommandLineTest.refused("--steps 2147483647: too many for batches", "find-lr", "digits-vit", "--steps", steps);
        CommandLineTest.refused("--best 0: expected at least 1", "average", "a.keras", "-o", "b.keras", "--best", "0");
        CommandLineTest.refused("a.keras: does not exist", "average", "a.keras", "b.keras", "-o", "c.keras");
    }
}
