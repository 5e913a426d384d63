package org.vit4j.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class NativeLibrariesTest {
    @Test
    void loadsWhereNativesArePresent() {
        assertThatCode(NativeLibraries::load).doesNotThrowAnyException();
    }

    @Test
    void artifactsHaveTheVersionsOfTheBuild() throws IOException {
        assertThat(Files.readString(Path.of("pom.xml")))
                .contains("<dl4j.version>" + NativeLibraries.ND4J + "<")
                .contains("<openblas.version>" + NativeLibraries.OPENBLAS + "<")
                .contains("<javacpp.version>" + NativeLibraries.JAVACPP + "<");
    }

    @Test
    void artifactsAreThoseOfThePlatform() {
        assertThat(NativeLibraries.artifacts("linux-x86_64"))
                .contains("org.nd4j:nd4j-native:1.0.0-M2.1:linux-x86_64-onednn-avx2");
        assertThat(NativeLibraries.artifacts("macosx-arm64"))
                .contains("org.nd4j:nd4j-native:1.0.0-M2.1:macosx-arm64", "org.bytedeco:javacpp:1.5.13:macosx-arm64");
    }
}
