package org.vit4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.vit4j.config.ConfigError;

class ImageFileTest {
    @TempDir
    private Path dir;

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp"})
    void losslessFormatsKeepAllPixels(String format) {
        Image image = TestImages.ramp(5, 7, 3);
        Path file = TestImages.write(dir.resolve("a." + format), TestImages.encode(TestImages.rgb(image), format));
        assertThat(ImageFile.read(file, 3).pixels()).isEqualTo(image.pixels());
    }

    @Test
    void jpegPixelsAreClose() {
        byte[] jpeg = TestImages.encode(TestImages.rgb(TestImages.flat(9, 12, 3, 90)), "jpg");
        Image read = ImageFile.read(TestImages.write(dir.resolve("a.jpg"), jpeg), 3);
        assertThat(read.height()).isEqualTo(9);
        assertThat(read.width()).isEqualTo(12);
        for (float pixel : read.pixels()) assertThat(pixel).isCloseTo(90, within(2f));
    }

    @Test
    void grayValuesAreKeptAndRepeatedForThreeChannels() {
        var gray = new BufferedImage(3, 1, BufferedImage.TYPE_BYTE_GRAY);
        gray.getRaster().setPixels(0, 0, 3, 1, new int[] {0, 100, 255});
        for (String format : new String[] {"png", "bmp", "gif"}) {
            Path file = TestImages.write(dir.resolve("g." + format), TestImages.encode(gray, format));
            assertThat(ImageFile.read(file, 1).pixels()).as(format).containsExactly(0, 100, 255);
            assertThat(ImageFile.read(file, 3).pixels()).containsExactly(0, 0, 0, 100, 100, 100, 255, 255, 255);
        }
    }

    @Test
    void grayOf16BitsIsClippedAsInPillow() {
        var gray = new BufferedImage(3, 1, BufferedImage.TYPE_USHORT_GRAY);
        gray.getRaster().setPixels(0, 0, 3, 1, new int[] {0x0080, 0x00FF, 0x0100});
        Path file = TestImages.write(dir.resolve("g.png"), TestImages.encode(gray, "png"));
        assertThat(ImageFile.read(file, 1).pixels()).containsExactly(0x80, 0xFF, 0xFF);
    }

    @Test
    void palettesAreResolved() {
        byte[] red = {(byte) 200, 10};
        byte[] green = {20, 120};
        byte[] blue = {30, (byte) 250};
        for (int bits : new int[] {1, 8}) {
            var model = new IndexColorModel(bits, 2, red, green, blue);
            int type = bits == 1 ? BufferedImage.TYPE_BYTE_BINARY : BufferedImage.TYPE_BYTE_INDEXED;
            var buffered = new BufferedImage(2, 1, type, model);
            buffered.getRaster().setPixels(0, 0, 2, 1, new int[] {1, 0});
            Path file = TestImages.write(dir.resolve("p.png"), TestImages.encode(buffered, "png"));
            assertThat(ImageFile.read(file, 3).pixels()).containsExactly(10, 120, 250, 200, 20, 30);
        }
    }

    @Test
    void alphaIsDropped() {
        var buffered = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
        buffered.setRGB(0, 0, 0x40C86432);
        Path file = TestImages.write(dir.resolve("a.png"), TestImages.encode(buffered, "png"));
        assertThat(ImageFile.read(file, 3).pixels()).containsExactly(0xC8, 0x64, 0x32);
    }

    @Test
    void formatIsDetectedByContentNotByName() {
        Path file = TestImages.write(
                dir.resolve("a.jpg"), TestImages.encode(TestImages.rgb(TestImages.ramp(2, 2, 3)), "png"));
        assertThat(ImageFile.read(file, 3).pixels())
                .isEqualTo(TestImages.ramp(2, 2, 3).pixels());
    }

    /** Position in the upright image of the dark block, which is stored in the upper left: TIFF 6.0, tag 274. */
    @ParameterizedTest
    @CsvSource({"1,false,0,0", "2,false,0,1", "3,false,1,1", "4,false,1,0"})
    @CsvSource({"5,true,0,0", "6,true,0,1", "7,true,1,1", "8,true,1,0"})
    void everyOrientationIsMadeUpright(int orientation, boolean transposed, int bottom, int right) {
        Image stored = TestImages.flat(16, 32, 3, 255);
        for (int y = 0; y < 8; y++) Arrays.fill(stored.pixels(), y * 32 * 3, (y * 32 + 8) * 3, 0);
        byte[] jpeg = TestImages.encode(TestImages.rgb(stored), "jpg");
        Image read = ImageFile.read(TestImages.write(dir.resolve("o.jpg"), withOrientation(jpeg, orientation)), 3);
        assertThat(read.height()).isEqualTo(transposed ? 32 : 16);
        assertThat(read.width()).isEqualTo(transposed ? 16 : 32);
        for (int b = 0; b < 2; b++) {
            for (int r = 0; r < 2; r++) {
                float pixel = read.at(b * (read.height() - 1), r * (read.width() - 1), 0);
                assertThat(pixel < 100).as("corner %d %d", b, r).isEqualTo(b == bottom && r == right);
            }
        }
    }

    /** OpenCV decodes this compression. The file and the expected pixels are from Pillow 12.3. */
    @Test
    void orientationOfFaxCompressedTiffIsAppliedOnce() {
        byte[] tiff = Base64.getDecoder()
                .decode(
                        "SUkqABIAAAAmrhrxCUYAIAIACgAAAQMAAQAAAAkAAAABAQMAAQAAAAUAAAACAQMAAQAAAAEAAAADAQMAAQAAAAQAAAAGAQMAAQAA"
                                + "AAEAAAARAQQAAQAAAAgAAAASAQMAAQAAAAYAAAAWAQMAAQAAAAUAAAAXAQQAAQAAAAkAAAAcAQMAAQAAAAEAAAAAAAAA");
        Image read = ImageFile.read(tiff, "fax.tif", 1);
        assertThat(new int[] {read.height(), read.width()}).containsExactly(9, 5);
        int[] white = IntStream.range(0, 45).filter(i -> read.pixels()[i] > 0).toArray();
        assertThat(white).containsExactly(4, 9, 12, 13, 14, 19, 36);
    }

    @Test
    void unreadableFilesAreReportedWithTheReason() {
        Path png = TestImages.png(dir.resolve("good.png"), TestImages.ramp(40, 40, 3));
        byte[] bytes = TestImages.encode(TestImages.rgb(TestImages.ramp(40, 40, 3)), "png");
        assertThat(ImageFile.read(png, 3).height()).isEqualTo(40);
        refused(dir.resolve("none.png"), dir.resolve("none.png") + ": does not exist");
        refused(dir, dir + ": is a directory; expected an image");
        refused(
                TestImages.write(dir.resolve("text.png"), "hello".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
                dir.resolve("text.png") + ": is not an image; expected PNG, JPEG, GIF, BMP, WebP, TIFF or PNM");
        refused(
                TestImages.write(dir.resolve("empty.png"), new byte[0]),
                dir.resolve("empty.png")
                        + ": is not an image; expected PNG, JPEG, GIF, BMP, WebP, TIFF or PNM (the file is empty)");
        refused(
                TestImages.write(dir.resolve("bomb.png"), withSize(bytes, 60000, 60000)),
                dir.resolve("bomb.png") + ": is too large: 60000x60000 pixels; at most 178956970 are decoded");
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg", "bmp", "gif"})
    void truncatedImagesAreRejectedAtAnyLength(String format) {
        byte[] full = TestImages.encode(TestImages.rgb(TestImages.ramp(40, 40, 3)), format);
        for (double kept : new double[] {0.03, 0.3, 0.6, 0.9}) {
            byte[] cut = Arrays.copyOf(full, (int) (full.length * kept));
            Path file = TestImages.write(dir.resolve("cut." + format), cut);
            assertThatThrownBy(() -> ImageFile.read(file, 3))
                    .as("%s of %s", kept, format)
                    .isInstanceOf(ConfigError.class)
                    .hasMessageStartingWith(file + ": is truncated or corrupt: ")
                    .hasMessageNotContaining("\n");
        }
    }

    private static void refused(Path file, String message) {
        assertThatThrownBy(() -> ImageFile.read(file, 3))
                .isInstanceOf(ConfigError.class)
                .hasMessage(message);
    }

    /** Inserts an APP1 segment with one EXIF tag after the start marker. */
    private static byte[] withOrientation(byte[] jpeg, int orientation) {
        var out = new ByteArrayOutputStream();
        out.write(jpeg, 0, 2);
        byte[] tiff = {
            'E',
            'x',
            'i',
            'f',
            0,
            0,
            'M',
            'M',
            0,
            42,
            0,
            0,
            0,
            8,
            0,
            1,
            1,
            18,
            0,
            3,
            0,
            0,
            0,
            1,
            0,
            (byte) orientation,
            0,
            0,
            0,
            0,
            0,
            0
        };
        out.writeBytes(new byte[] {(byte) 0xFF, (byte) 0xE1, 0, (byte) (tiff.length + 2)});
        out.writeBytes(tiff);
        out.write(jpeg, 2, jpeg.length - 2);
        return out.toByteArray();
    }

    /** Changes the size in the header of a PNG and updates the checksum. */
    private static byte[] withSize(byte[] png, int width, int height) {
        ByteBuffer bytes = ByteBuffer.wrap(png.clone()).putInt(16, width).putInt(20, height);
        CRC32 crc = new CRC32();
        crc.update(bytes.array(), 12, 17);
        return bytes.putInt(29, (int) crc.getValue()).array();
    }
}
