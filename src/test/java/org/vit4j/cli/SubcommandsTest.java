package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** The commands are found by their names, and only the chosen one is read. */
class SubcommandsTest {
    private static List<String> added(String... args) {
        CommandLine line = new CommandLine(CommandSpec.create());
        Subcommands.addTo(line, args);
        return List.copyOf(line.getSubcommands().keySet());
    }

    @Test
    void namesAreThoseOfTheAnnotations() {
        for (Map.Entry<String, Class<?>> command : Subcommands.ALL) {
            assertThat(command.getKey())
                    .isEqualTo(command.getValue().getAnnotation(Command.class).name());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"predict", "predict -h", "--debug predict m.keras a.png", "predict help train"})
    void onlyTheNamedCommandIsAdded(String line) {
        assertThat(added(line.split(" "))).containsExactly("predict");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "help", "help predict", "generate-completion", "-h predict", "predcit", "@arguments"})
    void allCommandsAreAddedOtherwise(String line) {
        assertThat(added(line.split(" "))).hasSize(Subcommands.ALL.size());
    }
}
