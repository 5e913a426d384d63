package org.vit4j.models;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.config.Config;
import org.vit4j.config.ConfigCatalog;
import org.vit4j.graph.Graph;

/** Compares parameter counts and multiply-accumulates of every published variant with the reference code. */
@Tag("slow")
class VariantsTest {
    record Variant(String name, long parameters, long trainable, long parametersAt10, long macs) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Variant> variants() throws IOException {
        try (InputStream in = VariantsTest.class.getResourceAsStream("/variants.json")) {
            List<Variant> variants = new ArrayList<>();
            for (JsonNode v : new ObjectMapper().readTree(in)) {
                if (isUnsupported(v)) continue;
                variants.add(new Variant(
                        v.path("name").asText(),
                        v.path("params").asLong(),
                        v.path("params_trainable").asLong(),
                        v.path("params_num_classes_10").asLong(),
                        v.path("macs_computed").asLong(-1)));
            }
            return variants.stream();
        }
    }

    private static boolean isUnsupported(JsonNode variant) {
        return !Models.builtIn().names().contains(variant.path("arch").asText());
    }

    @ParameterizedTest
    @MethodSource("variants")
    void variantHasTheCountsOfTheReference(Variant variant) {
        Graph graph = model(variant.name, List.of()).build();
        assertThat(graph.parameterCount()).isEqualTo(variant.parameters);
        assertThat(graph.trainableCount()).isEqualTo(variant.trainable);
        if (variant.macs >= 0) assertThat(graph.macs()).isEqualTo(variant.macs);
        Graph ten = model(variant.name, List.of("model.classes=10")).build();
        assertThat(ten.parameterCount()).isEqualTo(variant.parametersAt10);
    }

    @Test
    void tableListsEveryPackagedVariant() throws IOException {
        assertThat(variants().map(Variant::name)).containsExactlyInAnyOrderElementsOf(ConfigCatalog.variants());
    }

    private static ModelConfig model(String name, List<String> overrides) {
        Config config = Config.open("models/" + name, overrides);
        return Models.builtIn().read(config.root().section("model")).orElseThrow();
    }
}
