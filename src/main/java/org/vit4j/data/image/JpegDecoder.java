package org.vit4j.data.image;

import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.SequenceInputStream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Decodes JPEG by OpenCV. Uses {@code javax.imageio} if OpenCV's natives are missing, and for CMYK, which OpenCV converts
 * differently from Pillow. Color profiles are removed before decoding. A file without an end marker is an error, as in Pillow.
 */
final class JpegDecoder {
    private JpegDecoder() {}

    static ByteImage decode(byte[] file, long maxPixels, boolean natives) throws ImageFormatException {
        JpegFile jpeg = JpegFile.read(file);
        ByteImage.checkSize(jpeg.height(), jpeg.width(), maxPixels);
        int components = jpeg.components();
        if (components != 1 && components != 3 && components != 4) {
            throw ImageFormatException.unsupported("JPEG with " + components + " components");
        }
        if (!jpeg.isHuffmanCodedDct() && !(natives && components != 4)) {
            throw ImageFormatException.unsupported("lossless or arithmetic-coded JPEG");
        }
        if (jpeg.precision() != 8) {
            throw ImageFormatException.unsupported("JPEG with " + jpeg.precision() + " bits");
        }
        if (natives && components != 4) {
            return OpenCv.decode(
                    components == 1,
                    jpeg.height(),
                    jpeg.width(),
                    jpeg.headerForColors(),
                    file,
                    jpeg.scanStart(),
                    jpeg.end());
        }
        byte[] samples = samples(jpeg, jpeg.scans());
        if (jpeg.isLumaChroma()) YccColors.toRgb(samples, components);
        if (components == 4) samples = YccColors.invertedCmykToRgb(samples, jpeg.isLumaChroma());
        return new ByteImage(jpeg.height(), jpeg.width(), components == 1 ? 1 : 3, samples);
    }

    /** Stored components without color conversion, interleaved. */
    private static byte[] samples(JpegFile jpeg, byte[] scans) throws ImageFormatException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("jpeg").next();
        var bytes = new SequenceInputStream(
                new ByteArrayInputStream(jpeg.headerForComponents()), new ByteArrayInputStream(scans));
        // Not ImageIO.read: it caches in a temporary file, which only a global setting can disable.
        try (ImageInputStream in = new MemoryCacheImageInputStream(bytes)) {
            reader.setInput(in, true, true);
            Raster raster = reader.readRaster(0, null);
            byte[] samples = ((DataBufferByte) raster.getDataBuffer()).getData();
            if (raster.getNumBands() != jpeg.components()
                    || samples.length != (long) jpeg.width() * jpeg.height() * jpeg.components()) {
                throw ImageFormatException.unsupported("JPEG with " + raster.getNumBands() + " bands");
            }
            return samples;
        } catch (ImageFormatException e) {
            throw e;
        } catch (IOException e) {
            throw ImageFormatException.corrupt(e);
        } finally {
            reader.dispose();
        }
    }
}
