package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigCatalog;
import org.vit4j.config.Section;

/**
 * Compares the size tables in the class comments of the networks with the packaged variants. Columns are separated by
 * two spaces or more; a column that is not {@code variant} or {@code parameters} is a key of the model section. {@code
 * vit_tiny_patch16_224, _384} are two variants with the same sizes and two parameter counts.
 */
class SizeTablesTest {
    private static final Path SOURCES = Path.of("src/main/java/org/vit4j/models");
    private static final String COLUMNS = " {2,}";

    /** Row of a table: one variant, with keys and their values as in the table. */
    record TableRow(String variant, List<String> keys, List<String> values, String parameters) {
        @Override
        public String toString() {
            return variant;
        }
    }

    static Stream<TableRow> rows() throws IOException {
        List<TableRow> rows = new ArrayList<>();
        try (Stream<Path> files = Files.list(SOURCES)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList()) {
                rows.addAll(rows(Files.readAllLines(file)));
            }
        }
        return rows.stream();
    }

    private static List<TableRow> rows(List<String> source) {
        List<TableRow> rows = new ArrayList<>();
        List<String> columns = List.of();
        for (String line : source) {
            if (!line.startsWith(" * ")) continue;
            List<String> cells = List.of(line.substring(3).trim().split(COLUMNS));
            if (cells.get(0).equals("variant")) columns = cells;
            else if (line.startsWith(" * </pre>")) columns = List.of();
            else if (!columns.isEmpty()) rows.addAll(rows(columns, cells));
        }
        return rows;
    }

    private static List<TableRow> rows(List<String> columns, List<String> cells) {
        assertThat(cells).as("cells of " + columns).hasSameSizeAs(columns);
        int last = columns.size() - 1;
        String[] variants = cells.get(0).split(", ");
        String[] parameters = cells.get(last).split(" / ");
        assertThat(parameters).as("parameters of " + cells.get(0)).hasSameSizeAs(variants);
        String family = variants[0].substring(0, variants[0].lastIndexOf('_'));
        List<TableRow> rows = new ArrayList<>();
        for (int i = 0; i < variants.length; i++) {
            String variant = variants[i].startsWith("_") ? family + variants[i] : variants[i];
            rows.add(new TableRow(variant, columns.subList(1, last), cells.subList(1, last), parameters[i]));
        }
        return rows;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void rowHasTheSizesOfThePackagedVariant(TableRow row) {
        Config config = Config.open("models/" + row.variant, List.of());
        ModelConfig model =
                Models.builtIn().read(config.root().section("model")).orElseThrow();
        assertThat(model.build().parameterCount()).isEqualTo(Long.parseLong(row.parameters.replace(",", "")));
        Section resolved = Config.parse(config.resolved(), row.variant).root().section("model");
        for (int i = 0; i < row.keys.size(); i++) {
            List<String> value = resolved.stringsAt(row.keys.get(i), List.of());
            String expected = value.size() == 1 ? value.get(0) : value.toString();
            assertThat(row.values.get(i)).as(row.keys.get(i)).isEqualTo(expected);
        }
    }

    @Test
    void everyPackagedVariantIsInOneTable() throws IOException {
        List<String> listed = rows().map(TableRow::variant).toList();
        assertThat(listed).containsExactlyInAnyOrderElementsOf(ConfigCatalog.variants());
    }
}
