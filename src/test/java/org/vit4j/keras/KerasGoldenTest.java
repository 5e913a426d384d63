package org.vit4j.keras;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks with the reference's weights become {@code .keras} files for the check with stock Keras. {@code -Dgoldens=DIR} says where the cases are.
 */
class KerasGoldenTest {
    private static final String OFFICIAL = """
            model:
              {arch: vit, image: {size: 32}, patch_size: 8, classes: 10,
               dim: 32, depth: 2, heads: 4, mlp_ratio: 2.0}
            """;
    private static final String MEAN = """
            model:
              {arch: vit, image: {size: 32}, patch_size: 8, classes: 10, dim: 24, depth: 2, heads: 3,
               mlp_ratio: 4.0, pos_prefix: false, layer_scale: 1.0e-5, pool: mean}
            """;
    private static final String COMMUNITY = """
            model:
              {arch: vit, flavour: community, image: {size: 32}, patch_size: 8, classes: 10,
               dim: 32, depth: 2, heads: 4, mlp_dim: 64, head_dim: 8}
            """;

    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of("vit_o_1", OFFICIAL), Arguments.of("vit_o_3", MEAN), Arguments.of("vit_s_1", COMMUNITY));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void givesBackWhatTheReferenceHad(String name, String yaml) throws IOException {
        String given = System.getProperty("goldens", "");
        Path folder = Path.of(given.isEmpty() ? "src/test/resources/goldens" : given, name);
        Golden golden = Golden.read(folder, yaml);
        byte[] config = yaml.getBytes(StandardCharsets.UTF_8);
        Path file = ForKeras.write(name, golden, Map.of("config.yaml", config));

        try (KerasFile read = KerasFile.read(file)) {
            read.check(golden.graph());
            golden.weights()
                    .forEach((weight, values) ->
                            assertThat(read.values(weight)).as(weight).isEqualTo(values));
        }
    }
}
