package org.vit4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Orientation in XMP, as Pillow reads it. */
class OrientationTest {
    private static final byte[] XMP = text("<x tiff:Orientation=\"6\"/>");

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] deflated(byte[] bytes) {
        Deflater deflater = new Deflater();
        deflater.setInput(bytes);
        deflater.finish();
        byte[] out = new byte[bytes.length + 64];
        int length = deflater.deflate(out);
        deflater.end();
        return Arrays.copyOf(out, length);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) out.writeBytes(part);
        return out.toByteArray();
    }

    /** A PNG file of 3 x 2 pixels, with a chunk after its header. */
    private static byte[] png(String type, byte[] data) {
        byte[] file = TestImages.encode(TestImages.rgb(TestImages.ramp(2, 3, 3)), "png");
        byte[] body = joined(text(type), data);
        CRC32 crc = new CRC32();
        crc.update(body);
        ByteBuffer chunk = ByteBuffer.allocate(body.length + 8);
        chunk.putInt(data.length).put(body).putInt((int) crc.getValue());
        int header = 33;
        return joined(Arrays.copyOf(file, header), chunk.array(), Arrays.copyOfRange(file, header, file.length));
    }

    /** A gray TIFF file of 3 x 2 pixels. */
    private static byte[] tiff() {
        int[][] tags = {
            {256, 3, 1, 3},
            {257, 3, 1, 2},
            {258, 3, 1, 8},
            {259, 3, 1, 1},
            {262, 3, 1, 1},
            {273, 4, 1, 8},
            {277, 3, 1, 1},
            {278, 3, 1, 2},
            {279, 4, 1, 6},
            {700, 1, XMP.length, 14 + 2 + 10 * 12 + 4}
        };
        ByteBuffer file = ByteBuffer.allocate(14 + 2 + tags.length * 12 + 4 + XMP.length);
        file.order(ByteOrder.LITTLE_ENDIAN).put(text("II")).putShort((short) 42).putInt(14);
        file.put(new byte[] {1, 2, 3, 4, 5, 6}).putShort((short) tags.length);
        for (int[] tag : tags)
            file.putShort((short) tag[0])
                    .putShort((short) tag[1])
                    .putInt(tag[2])
                    .putInt(tag[3]);
        return file.putInt(0).put(XMP).array();
    }

    @ParameterizedTest
    @CsvSource({"iTXt, 0", "iTXt, 1", "zTXt, 1", "tEXt, 0"})
    void xmpOfPngIsRead(String type, int compressed) {
        byte[] fields = type.equals("iTXt") ? new byte[] {(byte) compressed, 0, 0, 0} : new byte[compressed];
        byte[] data = joined(text("XML:com.adobe.xmp\0"), fields, compressed == 1 ? deflated(XMP) : XMP);
        assertThat(ImageFile.read(png(type, data), "a.png", 3).height()).isEqualTo(3);
    }

    @Test
    void xmpOfTiffIsRead() {
        assertThat(ImageFile.read(tiff(), "a.tif", 1).height()).isEqualTo(3);
    }

    @Test
    void textOfAnySizeIsIgnored() {
        byte[] large = joined(XMP, new byte[17 << 20]);
        byte[] data = joined(text("XML:com.adobe.xmp\0"), new byte[1], deflated(large));
        assertThat(ImageFile.read(png("zTXt", data), "a.png", 3).height()).isEqualTo(2);
    }
}
