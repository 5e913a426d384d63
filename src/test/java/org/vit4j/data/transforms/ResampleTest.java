package org.vit4j.data.transforms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.TestImages;

/** Compares resizing and luma with Pillow; {@code pillow-*.json} document how they were generated. */
public class ResampleTest {

    @Test
    void imagesOfIntegersEqualPillows8BitImages() throws IOException {
        JsonNode cases = json("pillow-resize.json").get("whole");
        assertThat(cases).hasSize(18);
        for (JsonNode c : cases) {
            assertThat(resized(c).pixels()).as(label(c)).isEqualTo(floats(c.get("output")));
        }
    }

    @Test
    void otherImagesEqualPillowsFloatImages() throws IOException {
        for (JsonNode c : json("pillow-resize.json").get("floating")) {
            float[] expected = floats(c.get("output"));
            float[] got = resized(c).pixels();
            for (int i = 0; i < expected.length; i++) {
                assertThat(got[i]).as(label(c)).isCloseTo(expected[i], within(1e-4f));
            }
        }
    }

    @Test
    void lumaEqualsPillows() throws IOException {
        JsonNode golden = json("pillow-luma.json");
        Image rgb = new Image(40, 1, 3, floats(golden.get("rgb")));
        assertThat(rgb.withChannels(1).pixels()).isEqualTo(floats(golden.get("luma")));
    }

    @Test
    void constantImagesStayConstant() {
        for (Interpolation interpolation : Interpolation.values()) {
            Image out = Resampling.resize(TestImages.flat(9, 5, 3, 77), 17, 3, interpolation);
            assertThat(out.pixels()).containsOnly(77);
        }
    }

    private static Image resized(JsonNode c) {
        int h = c.get("height").intValue();
        int w = c.get("width").intValue();
        Image image = new Image(h, w, c.get("channels").intValue(), floats(c.get("input")));
        Interpolation interpolation =
                Interpolation.valueOf(c.get("interpolation").textValue().toUpperCase(Locale.ROOT));
        return Resampling.resize(
                image, c.get("to").get(0).intValue(), c.get("to").get(1).intValue(), interpolation);
    }

    private static String label(JsonNode c) {
        return c.get("interpolation") + " " + c.get("height") + "x" + c.get("width") + " to " + c.get("to");
    }

    public static JsonNode json(String name) throws IOException {
        try (var in = ResampleTest.class.getResourceAsStream("/data/" + name)) {
            return new ObjectMapper().readTree(in);
        }
    }

    public static float[] floats(JsonNode array) {
        float[] out = new float[array.size()];
        for (int i = 0; i < out.length; i++) out[i] = array.get(i).floatValue();
        return out;
    }
}
