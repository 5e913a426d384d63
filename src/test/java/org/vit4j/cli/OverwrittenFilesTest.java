package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands refuse to write over a file that another argument names, or over a file of a run that is no page. */
class OverwrittenFilesTest {
    @TempDir
    Path directory;

    private String model;

    @BeforeEach
    void write() throws IOException {
        model = Files.writeString(directory.resolve("model.keras"), "weights").toString();
    }

    @AfterEach
    void theFileIsUnchanged() {
        assertThat(Path.of(model)).hasContent("weights");
        assertThat(directory.toFile().list()).containsExactly("model.keras");
    }

    private static void refused(String message, String... args) {
        CommandLineTest.refused(message, args);
    }

    @Test
    void outputsAreNoInputs() {
        String named = model + ": another argument names this file, which would be overwritten; choose another file";
        refused("--confusion " + named, "eval", model, "--data", "digits-vit", "--confusion", model);
        refused("--results " + named, "eval", model, "--data", "digits-vit", "--results=" + model);
        String list = directory.resolve("list.csv").toString();
        refused("-o " + list + ": another argument names", "predict", model, "--list", list, "-o", list);
        for (String attached : List.of("-o" + model, "-o=" + model))
            refused("-o " + named, "average", model, "other.keras", attached);
    }

    @Test
    void outputsAreDifferentFiles() {
        String table = directory.resolve("table.csv").toString();
        String again = directory + "/./table.csv";
        refused(
                "--per-class " + table + ": another argument names this file",
                "eval",
                model,
                "--data",
                "digits-vit",
                "--per-class",
                table,
                "--confusion",
                again);
    }

    @Test
    void optionsThatHaveNoEffectAreRefused() {
        refused("--diagram prints a Mermaid diagram", "summary", "digits-vit", "--diagram", "blocks.0", "--json");
        refused("-o m.h5: expected a file name that ends in .keras", "import", "digits-vit", "w.pth", "-o", "m.h5");
        refused(
                "predict: --spark does not support --top; remove it",
                "predict",
                model,
                "a.png",
                "--spark",
                "-o",
                "t.parquet",
                "--top",
                "2");
    }

    @Test
    void pagesReplacePagesOnly() {
        String expected = "-o " + model + ": exists and is not an .html file; choose another file";
        refused(expected, "report", directory.toString(), "-o", model);
        refused(expected, "compare", directory.toString(), "-o", model);
    }

    @Test
    void emptyPathsAndDirectoriesOfArgumentsAreRefused() {
        refused("vit4j train: --run: a path is empty", "train", "digits-vit", "--run", "");
        String folder = "@" + directory;
        refused(folder + ": is a directory; expected a text file with one argument per line", "predict", model, folder);
        refused("'[.tar' is not a pattern: Missing ']", "predict", model, "[.tar", "--top", "1");
    }
}
