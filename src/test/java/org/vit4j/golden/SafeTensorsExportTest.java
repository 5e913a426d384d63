package org.vit4j.golden;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.vit4j.checkpoint.CheckpointLayout;
import org.vit4j.checkpoint.SafeTensors;
import org.vit4j.export.SafeTensorsExport;
import org.vit4j.graph.Parameter;

/** Export of imported reference weights equals the reference's state dict bit for bit. */
class SafeTensorsExportTest {
    @TempDir
    Path directory;

    static Stream<String> cases() throws IOException {
        return KerasGoldenTest.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void exportEqualsTheStateDictOfTheReference(String name) throws IOException {
        Path folder = GoldenTest.directory().resolve(name);
        GoldenCase golden = GoldenCase.read(folder);
        GoldenGraph built = GoldenConfigs.build(golden);
        Map<String, float[]> weights = new HashMap<>();
        for (Parameter weight : built.graph().parameters()) {
            CheckpointLayout layout = CheckpointLayout.of(weight, built.keys());
            SafeTensors.NamedValues array = golden.weights().get(layout.key());
            weights.put(weight.name(), layout.toModel(array.shape(), array.values()));
        }
        Path file = directory.resolve("exported.safetensors");
        SafeTensorsExport.write(built.graph(), built.keys(), weights::get, file);

        Map<String, String> expected = arrays(folder.resolve("weights.safetensors"));
        Map<String, String> exported = arrays(file);
        assertThat(exported.keySet()).isEqualTo(expected.keySet());
        // The authors' linear attention in ViTAE's normal cells owns a norm that it never calls and vit4j does not
        // have.
        expected.replaceAll((key, value) -> isUnusedNorm(key) ? shape(value) : value);
        exported.replaceAll((key, value) -> isUnusedNorm(key) ? shape(value) : value);
        assertThat(exported).isEqualTo(expected);
    }

    private static boolean isUnusedNorm(String key) {
        return key.matches("layers\\.\\d+\\.NC\\.\\d+\\.attn\\.norm1\\.(weight|bias)");
    }

    private static String shape(String array) {
        return array.substring(0, array.indexOf(']') + 1);
    }

    /** Type, shape and bytes of every array as text. */
    private static Map<String, String> arrays(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int header = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        JsonNode entries = new ObjectMapper().readTree(bytes, 8, header);
        Map<String, String> arrays = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : entries.properties()) {
            if (entry.getKey().equals("__metadata__")) continue;
            JsonNode offsets = entry.getValue().path("data_offsets");
            int from = 8 + header + offsets.path(0).asInt();
            int to = 8 + header + offsets.path(1).asInt();
            String values = Arrays.toString(Arrays.copyOfRange(bytes, from, to));
            arrays.put(
                    entry.getKey(),
                    entry.getValue().path("dtype").asText() + " "
                            + entry.getValue().path("shape") + " " + values);
        }
        return arrays;
    }
}
