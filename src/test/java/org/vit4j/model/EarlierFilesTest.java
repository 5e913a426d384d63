package org.vit4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.vit4j.models.Flavor;

/** Files of earlier versions, see src/test/resources/models/README.md. */
class EarlierFilesTest {
    private static final Path FILES = Path.of("src/test/resources/models");

    static Stream<Arguments> files() {
        return Stream.of(
                Arguments.of("vit.keras", Flavor.OFFICIAL, new float[] {
                    -0.011654539f, 0.010760973f, -0.08889018f, -0.010829908f, 0.012986585f, -0.08424856f
                }),
                Arguments.of("deit-community.keras", Flavor.COMMUNITY, new float[] {
                    -0.48586932f, -1.4479972f, 0.8379585f, -0.4994685f, -1.4645071f, 0.8570555f
                }));
    }

    @ParameterizedTest
    @MethodSource("files")
    void savedModelGivesTheLogitsOfTheVersionThatWroteIt(String file, Flavor flavor, float[] expected) {
        float[] pixels = new float[2 * 16 * 16];
        for (int i = 0; i < pixels.length; i++) pixels[i] = (float) (i * 37 % 101 / 101.0);
        INDArray images = Nd4j.createFromArray(pixels).reshape('c', 2, 1, 16, 16); // [N, C, H, W]
        try (SavedModel model = SavedModel.load(FILES.resolve(file))) {
            assertThat(model.description().model().config().flavor()).isEqualTo(flavor);
            assertThat(model.description().classes()).containsExactly("ant", "bee", "cat");
            float[] logits = model.logits(images).ravel().toFloatVector();
            assertThat(logits).usingComparatorWithPrecision(1e-5f).containsExactly(expected);
        }
    }
}
