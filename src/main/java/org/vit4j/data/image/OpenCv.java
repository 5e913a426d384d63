package org.vit4j.data.image;

import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.machine.JavaCppLogging;

/** Decodes images with OpenCV's {@code imdecode}. Loads only its modules core, imgproc and imgcodecs. */
final class OpenCv {
    private static final Logger LOG = LoggerFactory.getLogger(OpenCv.class);

    private OpenCv() {}

    /** Loads the natives at first use. */
    private static final class OpenCvLibrary {
        private static final boolean LOADED = load();

        private static boolean load() {
            try {
                JavaCppLogging.useSlf4j();
                Loader.load(opencv_imgcodecs.class);
                opencv_core.setNumThreads(1); // vit4j decodes several images in parallel
                return true;
            } catch (LinkageError | RuntimeException e) {
                String reason =
                        Optional.ofNullable(e.getMessage()).orElse(e.getClass().getSimpleName());
                LOG.warn(
                        "OpenCV's natives cannot be loaded ({}): JPEG is decoded by javax.imageio, WebP is not supported",
                        reason.lines().findFirst().orElse(""));
                return false;
            }
        }
    }

    /** Returns true if the natives can be loaded. */
    static boolean available() {
        return OpenCvLibrary.LOADED;
    }

    /**
     * Decodes a file; its orientation is ignored.
     *
     * @param gray decode to one channel, for files that store gray
     * @param parts of the file, which are concatenated
     */
    static ByteImage decode(boolean gray, byte[]... parts) throws ImageFormatException {
        int length = 0;
        for (byte[] part : parts) length = Math.addExact(length, part.length);
        int flags = opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION
                | (gray ? opencv_imgcodecs.IMREAD_GRAYSCALE : opencv_imgcodecs.IMREAD_COLOR_RGB);
        try (BytePointer encoded = new BytePointer(length)) {
            for (byte[] part : parts) {
                encoded.put(part);
                encoded.position(encoded.position() + part.length);
            }
            encoded.position(0);
            try (Mat buffer = new Mat(1, length, opencv_core.CV_8UC1, encoded);
                    Mat image = opencv_imgcodecs.imdecode(buffer, flags)) {
                if (image.empty()) throw ImageFormatException.corrupt("OpenCV cannot decode it");
                return copy(image, gray ? 1 : 3);
            }
        }
    }

    private static ByteImage copy(Mat image, int channels) throws ImageFormatException {
        if (image.channels() != channels || image.depth() != opencv_core.CV_8U || !image.isContinuous()) {
            throw ImageFormatException.unsupported("OpenCV decodes it to " + image.channels() + " channels");
        }
        byte[] pixels = new byte[Math.multiplyExact(Math.multiplyExact(image.rows(), image.cols()), channels)];
        try (BytePointer data = image.data()) {
            data.get(pixels);
        }
        return new ByteImage(image.rows(), image.cols(), channels, pixels);
    }
}
