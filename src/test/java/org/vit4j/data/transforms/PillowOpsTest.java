package org.vit4j.data.transforms;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.vit4j.data.image.Image;

/** Compares image operations with Pillow and timm byte for byte, by {@code pillow-ops.json}. */
class PillowOpsTest {
    private static final Map<String, AffineWarp.WarpStyle> FILLS = Map.of(
            "photo", new AffineWarp.WarpStyle(List.of(124.0, 116.0, 104.0), Interpolation.BILINEAR),
            "gray", new AffineWarp.WarpStyle(List.of(78.0), Interpolation.BILINEAR),
            "tiny", new AffineWarp.WarpStyle(List.of(1.0, 2.0, 3.0), Interpolation.BILINEAR),
            "row", new AffineWarp.WarpStyle(List.of(9.0), Interpolation.BILINEAR));

    private final JsonNode golden = ResampleTest.json("pillow-ops.json");

    PillowOpsTest() throws IOException {}

    @Test
    void operationsEqualPillows() {
        List<String> different = new ArrayList<>();
        var seen = new TreeSet<String>();
        for (JsonNode c : golden.get("ops")) {
            JsonNode in = golden.get("inputs").get(c.get("input").textValue());
            Image image = new Image(
                    in.get("height").intValue(),
                    in.get("width").intValue(),
                    in.get("channels").intValue(),
                    bytes(in.get("pixels")));
            float[] before = image.pixels().clone();
            Image got = apply(c, image);
            assertThat(image.pixels()).as("input image").isEqualTo(before);
            if (!java.util.Arrays.equals(got.pixels(), bytes(c.get("output")))) {
                different.add(c.get("op") + " " + c.get("input") + " " + c.get("arg") + " " + c.get("interpolation"));
            }
            seen.add(c.get("op").textValue());
        }
        assertThat(different).isEmpty();
        assertThat(seen).hasSize(18);
    }

    private static Image apply(JsonNode c, Image image) {
        double arg = c.get("arg").doubleValue();
        AffineWarp.WarpStyle style = null;
        if (c.has("interpolation")) {
            Interpolation interpolation =
                    Interpolation.valueOf(c.get("interpolation").textValue().toUpperCase(Locale.ROOT));
            style = new AffineWarp.WarpStyle(
                    FILLS.get(c.get("input").textValue()).fill(), interpolation);
        }
        return switch (c.get("op").textValue()) {
            case "autocontrast" -> ColorOps.autocontrast(image);
            case "equalize" -> ColorOps.equalize(image);
            case "invert" -> ColorOps.invert(image);
            case "posterize" -> ColorOps.posterize(image, (int) arg);
            case "solarize" -> ColorOps.solarize(image, (int) arg);
            case "solarize_add" -> ColorOps.solarizeAdd(image, (int) arg);
            case "grayscale" -> ColorOps.grayscale(image);
            case "color" -> ColorOps.color(image, arg);
            case "contrast" -> ColorOps.contrast(image, arg);
            case "brightness" -> ColorOps.brightness(image, arg);
            case "sharpness" -> ColorOps.sharpness(image, arg);
            case "gaussian_blur" -> GaussianBlur.gaussian(image, arg);
            case "shear_x" -> AffineWarp.shearX(image, arg, style);
            case "shear_y" -> AffineWarp.shearY(image, arg, style);
            case "translate_x" -> AffineWarp.translateX(image, arg, style);
            case "translate_y" -> AffineWarp.translateY(image, arg, style);
            case "rotate" -> AffineWarp.rotate(image, arg, style);
            case "hue" -> HueShift.shift(image, arg);
            default -> throw new AssertionError(c.get("op"));
        };
    }

    @Test
    void hsvConversionsOfAllColorsEqualPillows() {
        var toHsv = new CRC32();
        var toRgb = new CRC32();
        byte[] hsvRow = new byte[3 * 256];
        byte[] rgbRow = new byte[3 * 256];
        for (int ab = 0; ab < 1 << 16; ab++) {
            for (int c = 0; c < 256; c++) {
                put(hsvRow, c, HueShift.toHsv(ab >> 8, ab & 0xFF, c));
                put(rgbRow, c, HueShift.toRgb(ab >> 8, ab & 0xFF, c));
            }
            toHsv.update(hsvRow);
            toRgb.update(rgbRow);
        }
        assertThat(toHsv.getValue())
                .isEqualTo(golden.get("crc").get("rgb_to_hsv").longValue());
        assertThat(toRgb.getValue())
                .isEqualTo(golden.get("crc").get("hsv_to_rgb").longValue());
    }

    @Test
    void argumentsOfMagnitudesEqualTimms() {
        var seen = new TreeSet<String>();
        for (JsonNode level : golden.get("levels")) {
            RandAugmentOp op = Stream.of(RandAugmentOp.values())
                    .filter(o -> timmName(o).equals(level.get("op").textValue()))
                    .findFirst()
                    .orElseThrow();
            double got = op.argument(
                    level.get("magnitude").doubleValue(), level.get("negative").booleanValue());
            assertThat(got)
                    .as(op + " " + level.get("magnitude"))
                    .isEqualTo(level.get("arg").doubleValue() + 0.0);
            seen.add(op.name());
        }
        assertThat(seen).hasSize(RandAugmentOp.values().length - 3); // three need no argument
    }

    @Test
    void operationSetsEqualTimms() {
        JsonNode sets = golden.get("sets");
        assertThat(timmNames(RandAugmentOpSet.PLAIN)).isEqualTo(names(sets.get("plain")));
        assertThat(timmNames(RandAugmentOpSet.INCREASING)).isEqualTo(names(sets.get("increasing")));
        assertThat(timmNames(RandAugmentOpSet.THREE)).isEqualTo(names(sets.get("threea")));
        weighted(RandAugmentOpSet.THREE_WEIGHTED, sets.get("threea_weighted"));
        weighted(RandAugmentOpSet.WEIGHTS, sets.get("weights"));
    }

    private static void weighted(RandAugmentOpSet set, JsonNode golden) {
        assertThat(timmNames(set)).isEqualTo(String.join(" ", (Iterable<String>) golden::fieldNames));
        int i = 0;
        for (JsonNode weight : golden) assertThat(set.weights().get(i++)).isEqualTo(weight.doubleValue());
    }

    private static String names(JsonNode list) {
        List<String> names = new ArrayList<>();
        list.forEach(name -> names.add(name.textValue()));
        return String.join(" ", names);
    }

    private static String timmNames(RandAugmentOpSet set) {
        return set.ops().stream().map(PillowOpsTest::timmName).collect(Collectors.joining(" "));
    }

    /** {@code POSTERIZE_INCREASING} is {@code PosterizeIncreasing}. */
    private static String timmName(RandAugmentOp op) {
        return Stream.of(op.name().split("_"))
                .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
                .collect(Collectors.joining());
    }

    private static void put(byte[] row, int at, int color) {
        row[3 * at] = (byte) (color >> 16);
        row[3 * at + 1] = (byte) (color >> 8);
        row[3 * at + 2] = (byte) color;
    }

    private static float[] bytes(JsonNode base64) {
        byte[] bytes = Base64.getDecoder().decode(base64.textValue());
        float[] values = new float[bytes.length];
        for (int i = 0; i < bytes.length; i++) values[i] = bytes[i] & 0xFF;
        return values;
    }
}
