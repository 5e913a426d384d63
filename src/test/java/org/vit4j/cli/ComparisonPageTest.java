package org.vit4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.vit4j.config.ConfigError;
import org.vit4j.run.RunConfig;
import picocli.CommandLine;

/** Options and config keys that docs/comparison.md names exist, and the page names all options of its commands. */
class ComparisonPageTest {
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    private static final Pattern OPTION = Pattern.compile("--?[a-z][a-z0-9-]*");
    private static final Pattern KEY = Pattern.compile("(train|data|model|output)(\\.[a-z0-9_]+)+");

    /** Commands that sections are about. */
    private static final Map<String, String> COMMANDS = Map.of(
            "train.py", "train", "validate.py", "eval", "inference.py", "predict", "avg_checkpoints.py", "average");

    private static final Map<String, Class<?>> CLASSES =
            Subcommands.ALL.stream().collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));

    /** Names of all options of a command. */
    private static Set<String> options(String command) {
        Set<String> names = new TreeSet<>();
        var spec = new CommandLine(CLASSES.get(command)).getCommandSpec();
        spec.options().forEach(option -> names.addAll(List.of(option.names())));
        return names;
    }

    /** Lines of each section by its heading. */
    private static Map<String, List<String>> sections() throws IOException {
        Map<String, List<String>> sections = new LinkedHashMap<>();
        String heading = "";
        for (String line : Files.readAllLines(Path.of("docs/comparison.md"))) {
            if (line.startsWith("## ")) heading = line.substring(3);
            sections.computeIfAbsent(heading, any -> new ArrayList<>()).add(line);
        }
        return sections;
    }

    /** Text of a line about vit4j: the right column of a table, or all of a paragraph. */
    private static String ours(String line) {
        if (!line.startsWith("|")) return line;
        String[] cells = line.split("(?<!\\\\)\\|");
        String right = cells.length > 2 ? cells[2] : "";
        return right.contains("the same names") ? cells[1] : right;
    }

    private static List<String> codes(String text) {
        return CODE.matcher(text).results().map(found -> found.group(1)).toList();
    }

    @Test
    void optionsOfThePageExist() throws IOException {
        Set<String> anywhere = new TreeSet<>(Set.of("--help", "--version"));
        CLASSES.keySet().forEach(command -> anywhere.addAll(options(command)));
        List<String> unknown = new ArrayList<>();
        sections().forEach((heading, lines) -> {
            Set<String> ofSection = COMMANDS.containsKey(heading) ? options(COMMANDS.get(heading)) : anywhere;
            for (String line : lines)
                for (String code : codes(ours(line))) if (!exists(code, ofSection)) unknown.add(heading + ": " + code);
        });
        assertThat(unknown).isEmpty();
    }

    /** Returns false if a code such as {@code --batch} or {@code import --set} has an option that does not exist. */
    private static boolean exists(String code, Set<String> ofSection) {
        String first = code.split(" ")[0];
        if (!code.startsWith("-") && !CLASSES.containsKey(first)) return true;
        Set<String> known = CLASSES.containsKey(first) ? options(first) : ofSection;
        for (String word : code.split("[ =]"))
            if (OPTION.matcher(word).matches() && !known.contains(word)) return false;
        return true;
    }

    @Test
    void keysOfThePageExist() throws IOException {
        Set<String> keys = new TreeSet<>();
        sections()
                .values()
                .forEach(lines -> lines.forEach(line -> codes(ours(line)).forEach(code -> {
                    Matcher key = KEY.matcher(code);
                    if (key.lookingAt() && !key.group().matches(".*\\.(keras|py)")) keys.add(key.group());
                })));
        assertThat(keys).hasSizeGreaterThan(40);
        for (String key : keys) {
            try {
                RunConfig.open("digits-vit", List.of(key + "=zz"));
            } catch (ConfigError e) {
                assertThat(e.getMessage()).as(key).doesNotContain("unknown key");
            }
        }
    }

    @Test
    void allOptionsOfTheComparedCommandsAreOnThePage() throws IOException {
        Map<String, List<String>> sections = sections();
        List<String> unnamed = new ArrayList<>();
        COMMANDS.forEach((heading, command) -> {
            String text = String.join("\n", sections.get(heading));
            Set<String> named = OPTION.matcher(text)
                    .results()
                    .map(found -> found.group())
                    .collect(Collectors.toCollection(TreeSet::new));
            Set<String> missing = new TreeSet<>(options(command));
            missing.removeAll(named);
            missing.removeAll(Set.of("--help", "-h", "--version", "-V"));
            missing.forEach(option -> unnamed.add(command + " " + option));
        });
        assertThat(unnamed).isEmpty();
    }
}
