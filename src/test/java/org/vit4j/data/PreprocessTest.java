package org.vit4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.vit4j.config.ConfigError;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.TestImages;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.data.transforms.ResampleTest;

class PreprocessTest {
    private static final List<Double> MEAN = List.of(0.485, 0.456, 0.406);
    private static final List<Double> STD = List.of(0.229, 0.224, 0.225);

    @Test
    void pixelsEqualTimmsEvaluationTransform() throws IOException {
        for (JsonNode c : ResampleTest.json("timm-preprocess.json").get("cases")) {
            int[] to = {c.get("to").get(0).intValue(), c.get("to").get(1).intValue()};
            Interpolation interpolation =
                    Interpolation.valueOf(c.get("interpolation").textValue().toUpperCase(Locale.ROOT));
            var preprocess =
                    new Preprocessing(to[0], to[1], 3, c.get("crop_pct").doubleValue(), interpolation, MEAN, STD);
            Image image = new Image(
                    c.get("height").intValue(), c.get("width").intValue(), 3, ResampleTest.floats(c.get("input")));
            float[] expected = ResampleTest.floats(c.get("output"));
            float[] got = preprocess.apply(image);
            assertThat(got).hasSameSizeAs(expected);
            for (int i = 0; i < got.length; i++) {
                assertThat(got[i])
                        .as("%sx%s, value %s", c.get("height"), c.get("width"), i)
                        .isCloseTo(expected[i], within(1e-6f));
            }
        }
    }

    @Test
    void imageOfTheInputSizeIsOnlyNormalized() {
        var preprocess = new Preprocessing(4, 4, 1, 0.5, Interpolation.BICUBIC, List.of(0.5), List.of(0.25));
        Image image = TestImages.ramp(4, 4, 1);
        assertThat(preprocess.view(image)).isSameAs(image);
        assertThat(preprocess.apply(image)[3]).isEqualTo((image.pixels()[3] / 255f - 0.5f) / 0.25f);
    }

    @Test
    void channelsAreConverted() {
        var gray = new Preprocessing(2, 2, 1, 1, Interpolation.BICUBIC, List.of(0.0), List.of(1.0));
        var color = new Preprocessing(2, 2, 3, 1, Interpolation.BICUBIC, List.of(0.0), List.of(1.0));
        assertThat(color.mean()).containsExactly(0.0, 0.0, 0.0);
        assertThat(gray.apply(TestImages.flat(2, 2, 3, 51))).containsOnly(0.2f);
        assertThat(color.apply(TestImages.flat(2, 2, 1, 51))).hasSize(12).containsOnly(0.2f);
    }

    @Test
    void mapsAreReadBackFromJson() throws IOException {
        var preprocess = new Preprocessing(224, 192, 3, 0.9, Interpolation.BILINEAR, MEAN, STD);
        var json = new ObjectMapper();
        Map<?, ?> read = json.readValue(json.writeValueAsString(preprocess.toMap()), Map.class);
        Map<String, Object> map = new HashMap<>();
        read.forEach((key, value) -> map.put((String) key, value));
        assertThat(Preprocessing.fromMap(map)).isEqualTo(preprocess);
    }

    @Test
    void invalidMapsAreRejectedWithTheRule() {
        Map<String, Object> map =
                new HashMap<>(new Preprocessing(8, 8, 3, 1, Interpolation.BICUBIC, MEAN, STD).toMap());
        refused(map, "std", List.of(0.0), "preprocessing: std ([0.0, 0.0, 0.0]) must be positive");
        refused(
                map,
                "std",
                List.of(1e-40),
                "preprocessing: std ([1.0E-40, 1.0E-40, 1.0E-40]) must be a normal number in float32");
        refused(map, "mean", List.of(1e300), "preprocessing: mean ([1.0E300, 1.0E300, 1.0E300]) must be finite");
        refused(map, "mean", "x", "preprocessing: mean (x) must be a list of numbers");
        refused(map, "height", null, "preprocessing: height (null) must be a number");
        refused(
                map,
                "interpolation",
                "fancy",
                "preprocessing: interpolation (fancy) must be nearest, bilinear or bicubic");
    }

    private static void refused(Map<String, Object> map, String key, Object value, String message) {
        Map<String, Object> broken = new HashMap<>(map);
        broken.put(key, value);
        assertThatThrownBy(() -> Preprocessing.fromMap(broken))
                .isInstanceOf(ConfigError.class)
                .hasMessage(message);
    }
}
