package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.cli.CommandLineTest.Outcome;

/** One-line errors for misspelled commands, options and paths, with the nearest known word. */
class CommandSuggestionsTest {
    @TempDir
    Path directory;

    private static String line(String commandLine) {
        Outcome outcome = CommandLineTest.run(commandLine.split(" "));
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.code()).isEqualTo(2);
        return outcome.err();
    }

    @ParameterizedTest
    @ValueSource(strings = {"summary", "plot -o x.svg"})
    void valuesAreNotChangedInASavedModel(String command) {
        assertThat(line(command + " model.keras --set model.dim=3"))
                .contains("--set model.dim=3: does not change a saved model; pass its config");
    }

    @ParameterizedTest
    @CsvSource({
        "traim, train",
        "traim digits-vit --set train.epochs=1, train",
        "Train digits-vit, train",
        "tarin --resume --run x, train",
        "training x, train",
        "evaluate m.keras, eval",
        "predcit m.keras a.png, predict",
        "sumary x, summary",
        "modles, models",
        "exprot m, export",
        "imprt a b, import",
        "hlep, help",
        "help traim, train",
        "--debug traim, train",
    })
    void misspelledCommandSuggestsTheNearest(String commandLine, String suggestion) {
        assertThat(line(commandLine)).contains("unknown command '").contains("did you mean '" + suggestion + "'?");
    }

    @ParameterizedTest
    @CsvSource({
        "train digits-vit --rseume, --rseume, --resume",
        "train digits-vit --resum --run x, --resum, --resume",
        "train digits-vit --st a=b, --st, --set",
        "train digits-vit -set a=b, -set, --set",
        "eval m.keras --dta x, --dta, --data",
        "eval m.keras --dat=x, --dat, --data",
        "predict m.keras --topk 3 a.png, --topk, --top",
        "models --jsn, --jsn, --json",
        "plot x --out y.svg, --out, --output",
        "import vit_tiny_patch16_224 c.pth --label x, --label, --labels",
        "--hlep, --hlep, --help",
        "--verison, --verison, --version",
        "train --hlep, --hlep, --help",
    })
    void misspelledOptionSuggestsTheNearest(String commandLine, String written, String suggestion) {
        assertThat(line(commandLine)).contains("unknown option '" + written + "', did you mean '" + suggestion + "'?");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "xyz;unknown command 'xyz'; known: train, compare, eval, predict",
                "help xyz;unknown command 'xyz'; known:",
                "models xyz;unexpected argument 'xyz'",
                "models --xyz;unknown option '--xyz'; known: --json, --debug, -h, --help",
                "train a b;unexpected argument 'b'",
                "train;no CONFIG given; it is optional only with --resume --run DIR",
                "train --resume;no CONFIG given",
                "train --run x;no CONFIG given",
                "train --sweep train.seed=1,2;no CONFIG given",
                "eval m.keras;Missing required option: '--data=CONFIG|PATH'",
                "train --resume --run nodir;nodir: there is no such directory",
            })
    void otherUsageErrorsNameTheProblem(String commandLine, String message) {
        assertThat(line(commandLine)).contains(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "help help", "help train", "help predict", "help bench-worker"})
    void helpCommandPrintsTheHelpOfACommand(String commandLine) {
        Outcome outcome = CommandLineTest.run(commandLine.split(" "));
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.out()).contains("Usage: vit4j");
        String[] words = commandLine.split(" ");
        if (words.length == 1)
            assertThat(outcome.out()).isEqualTo(CommandLineTest.run("--help").out());
        if (words.length == 2 && !words[1].equals("help")) {
            assertThat(outcome.out())
                    .isEqualTo(CommandLineTest.run(words[1], "--help").out());
        }
    }

    @Test
    void evalDataThatDoesNotExistIsReported() {
        Path model = directory.resolve("model.keras");
        assertThat(CommandLineTest.run(tinyRun(directory.resolve("run"))).code())
                .isZero();
        String file = directory.resolve("run/model.keras").toString();
        for (String data : List.of("nodir", "no/dir", "/no/dir", "~/no/such/dir", "no.yaml")) {
            Outcome outcome = CommandLineTest.run("eval", file, "--data", data);
            assertThat(outcome.code()).isEqualTo(2);
            assertThat(outcome.err()).contains("--data " + data + ": does not exist; expected a directory");
            assertThat(outcome.err().lines()).hasSize(1);
        }
        assertThat(CommandLineTest.run("eval", file, "--data", "digits-vti").err())
                .contains("does not exist")
                .contains("did you mean 'digits-vit'?");
        assertThat(CommandLineTest.run("eval", model.toString(), "--data", "x").code())
                .isEqualTo(2);
    }

    private static String[] tinyRun(Path run) {
        String[] small = {"train.epochs=1", "model.dim=16", "model.heads=2", "model.depth=1", "train.batch=256"};
        List<String> words = new java.util.ArrayList<>(List.of("train", "digits-vit", "--run", run.toString()));
        for (String value : small) words.addAll(List.of("--set", value));
        return words.toArray(String[]::new);
    }

    /** An output that fails with a message of the operating system. */
    private static final class FailingOutput extends OutputStream {
        private final String why;

        FailingOutput(String why) {
            this.why = why;
        }

        @Override
        public void write(int b) throws IOException {
            throw new IOException(why);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "models, Broken pipe, 0, ''",
        "models --json, Daten\u00fcbergabe unterbrochen (broken pipe), 0, ''",
        "--help, Broken pipe, 0, ''",
        "help train, Broken pipe, 0, ''",
        "summary vit_tiny_patch16_224, The pipe is being closed, 0, ''",
        "models, No space left on device, 1, standard output: cannot be written: No space left on device",
        "--help, No space left on device, 1, standard output: cannot be written: No space left on device",
    })
    void failedOutputEndsTheProgram(String commandLine, String why, int code, String message) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        var errors = new java.io.ByteArrayOutputStream();
        System.setOut(
                new PrintStream(new StandardOutput.Checked(new FailingOutput(why)), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
        try {
            assertThat(CommandLineProgram.run(commandLine.split(" "))).isEqualTo(code);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        String text = errors.toString(StandardCharsets.UTF_8);
        if (message.isEmpty()) assertThat(text).isEmpty();
        else assertThat(text.lines()).hasSize(1).allMatch(line -> line.contains(message));
    }
}
