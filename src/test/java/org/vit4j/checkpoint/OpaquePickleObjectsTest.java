package org.vit4j.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;

/** Python objects in checkpoints are skipped and never constructed ({@code wrapped/make.py}). */
class OpaquePickleObjectsTest {
    private static WrappedNetwork load(String file) {
        Path path = WrappedNetwork.WRAPPED.resolve(file + ".pth");
        return new WrappedNetwork(WrappedNetwork.YAML).load(path, Optional.empty(), false);
    }

    /** Text of containers that contain each other would be endless. */
    @Test
    void namesOfClassesMustBeText() {
        byte[] pickle = {(byte) 0x80, 2, ']', 'X', 1, 0, 0, 0, 'a', (byte) 0x93, '.'};
        assertThatThrownBy(() -> Pickle.read(pickle))
                .isInstanceOf(Pickle.PickleException.class)
                .hasMessage("its pickle names a class by a value that is not text");
    }

    /** Paths, NumPy, Namespace, dates, enums, collections, OmegaConf, yacs, sparse tensors, an unknown class. */
    @ParameterizedTest
    @ValueSource(strings = {"objects_protocol2", "objects_protocol5"})
    void objectsNextToTheWeightsAreSkipped(String file) {
        WrappedNetwork network = load(file);
        network.hasTheValuesOf(WrappedNetwork.original(), "");
        assertThat(network.notes())
                .singleElement()
                .asString()
                .startsWith("objects that were not read: ")
                .contains("__main__.Level", "__main__.Unknown")
                .doesNotContain("pathlib", "numpy", "argparse", "torch");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "object_parameter | not arrays: 1 (blocks.0.norm1.weight of class __main__.Unknown)",
                "object_alone | found objects that are not constructed (__main__.Unknown)",
                "object_runs | a checkpoint must not run commands or code; none of its code was run"
            })
    void objectsInPlaceOfWeightsAreReported(String file, String problem) {
        assertThatThrownBy(() -> load(file))
                .isInstanceOf(ConfigError.class)
                .hasMessageContaining(problem)
                .message()
                .hasLineCount(1);
        assertThat(Path.of("target/was-executed")).doesNotExist();
    }
}
