package org.vit4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;
import org.vit4j.data.transforms.Interpolation;
import org.vit4j.data.transforms.Resampling;

/** Compares decoded files of every format with Pillow 12; images/make_images.py wrote files and expected pixels. */
class ImageFormatsTest {
    private static final Map<String, byte[]> FILES = files();

    private static Map<String, byte[]> files() {
        Map<String, byte[]> files = new HashMap<>();
        try (InputStream in = ImageFormatsTest.class.getResourceAsStream("/images/images.zip");
                ZipInputStream zip = new ZipInputStream(in)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                files.put(entry.getName(), zip.readAllBytes());
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return files;
    }

    static Stream<String> expected() {
        return new String(FILES.get("expected.tsv"), StandardCharsets.UTF_8).lines();
    }

    /** Without a file with zeros in its data, which the decoder of JDK 25 reads differently than that of JDK 17. */
    static Stream<String> jpegs() {
        return expected()
                .filter(line -> !line.startsWith("jpg_zeroed.jpg\t"))
                .filter(line -> line.matches("(?s)(jpg|exif|mpo)_?[^\t]*\\.(jpg|mpo)\t\\d.*"));
    }

    private static void check(ByteImage image, String[] line) throws NoSuchAlgorithmException {
        assertThat(image.height()).isEqualTo(Integer.parseInt(line[1]));
        assertThat(image.width()).isEqualTo(Integer.parseInt(line[2]));
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(image.pixels());
        assertThat(HexFormat.of().formatHex(digest)).isEqualTo(line[3]);
    }

    @ParameterizedTest
    @MethodSource("expected")
    void pixelsEqualPillows(String expected) throws NoSuchAlgorithmException {
        String[] line = expected.split("\t");
        byte[] file = FILES.get(line[0]);
        if (line[1].equals("refused")) {
            assertThatThrownBy(() -> ImageFile.read(file, "f", 3))
                    .isInstanceOf(ConfigError.class)
                    .hasMessageMatching("f: is (truncated or corrupt: .+|not an image; .+)");
            return;
        }
        check(ImageFile.read(file, "f", 3).bytes().orElseThrow(), line);
    }

    @ParameterizedTest
    @MethodSource("jpegs")
    void jpegPixelsAreEqualWithoutNatives(String expected) throws IOException, NoSuchAlgorithmException {
        String[] line = expected.split("\t");
        check(JpegFallback.decode(FILES.get(line[0])).withChannels(3), line);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jpg", "a.JPEG", "b.jpe", "c.jfif", "d.mpo", "e.Png", "f.gif", "g.bmp", "h.webp"})
    @ValueSource(strings = {"i.tif", "j.tiff", "k.ppm", "l.pgm", "m.pbm", "dir.x/n.jpg", ".hidden.jpg"})
    void imageExtensionsAreKnown(String name) {
        assertThat(ImageFormats.isImage(Path.of(name))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.heic", "b.avif", "c.txt", "jpg", "d.jpg.part", "e.npy", "f.", "dir.jpg/g"})
    void otherExtensionsAreUnknown(String name) {
        assertThat(ImageFormats.isImage(Path.of(name))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"29, false", "1188, false", "1189, true"})
    void imagesAboveThePixelLimitAreRejected(long limit, boolean allowed) {
        for (String name :
                List.of("jpg_gray.jpg", "png_rgb.png", "gif_p.gif", "bmp_rgb.bmp", "webp_a.webp", "pnm_rgb.ppm")) {
            byte[] file = FILES.get(name);
            if (allowed) {
                assertThat(ImageFile.read(file, name, 3, limit).height()).isEqualTo(29);
            } else {
                assertThatThrownBy(() -> ImageFile.read(file, name, 3, limit))
                        .isInstanceOf(ConfigError.class)
                        .hasMessage(name + ": is too large: 29x41 pixels; at most " + limit + " are decoded");
            }
        }
    }

    @Test
    void gitLfsPointersAreReported() {
        byte[] file = "version https://git-lfs.github.com/spec/v1\noid sha256:1\n".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> ImageFile.read(file, "a.jpg", 3))
                .hasMessage(
                        "a.jpg: is a Git LFS pointer, not the file itself; run 'git lfs install' and 'git lfs pull' in its"
                                + " repository, or download the file again");
    }

    /** A damaged file is decoded or reported in one line, without another exception. */
    @ParameterizedTest
    @MethodSource("expected")
    void damageIsReportedInOneLine(String expected) {
        byte[] file = FILES.get(expected.split("\t")[0]);
        Random random = new Random(expected.hashCode());
        for (int i = 0; i < 4 && file.length > 0; i++) {
            byte[] damaged = file.clone();
            for (int k = 0; k < 4; k++) damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            try {
                assertThat(ImageFile.read(damaged, "f", 3, 1_000_000).channels())
                        .isEqualTo(3);
            } catch (ConfigError e) {
                assertThat(e.getMessage()).startsWith("f: is ").doesNotContain("\n");
            }
        }
    }

    /** Compares the crop computed from bytes with a crop of the full image resized in floats. */
    @ParameterizedTest
    @CsvSource({"37, 61", "500, 64", "64, 500", "224, 300", "3, 700", "1, 400", "256, 256"})
    void resizedCropEqualsTheCropOfTheResizedImage(int height, int width) {
        Random random = new Random(height);
        byte[] pixels = new byte[height * width * 3];
        random.nextBytes(pixels);
        Image bytes = Image.of(new ByteImage(height, width, 3, pixels));
        Image floats = new Image(height, width, 3, bytes.pixels());
        for (Interpolation interpolation : Interpolation.values()) {
            int[] size = Resampling.shorterSize(bytes, 73);
            Image cropped = Resampling.resizeCenterCrop(bytes, size, 64, 64, interpolation);
            Image expectedCrop = ImageGeometry.centerCrop(Resampling.resizeShorter(floats, 73, interpolation), 64, 64);
            assertThat(cropped.pixels()).isEqualTo(expectedCrop.pixels());
        }
    }
}
