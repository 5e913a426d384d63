package org.vit4j.data.image;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
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
        private static final String FAILURE = load(); // empty if they are loaded
        private static final AtomicBoolean REPORTED = new AtomicBoolean();

        private static String load() {
            try {
                JavaCppLogging.useSlf4j();
                Loader.load(opencv_imgcodecs.class);
                opencv_core.setNumThreads(1); // vit4j decodes several images in parallel
                return "";
            } catch (LinkageError | RuntimeException e) {
                return Optional.ofNullable(e.getMessage()).orElse(e.getClass().getSimpleName());
            }
        }
    }

    /** Loads the natives if they can be loaded. Unlike {@link #available}, does not report that they are missing. */
    static void load() {
        if (!OpenCvLibrary.FAILURE.isEmpty()) LOG.debug("OpenCV's natives cannot be loaded: {}", OpenCvLibrary.FAILURE);
    }

    /** Returns true if the natives can be loaded. */
    static boolean available() {
        if (OpenCvLibrary.FAILURE.isEmpty()) return true;
        if (OpenCvLibrary.REPORTED.compareAndSet(false, true))
            LOG.warn(
                    "OpenCV's natives cannot be loaded ({}): JPEG is decoded by javax.imageio, WebP is not supported",
                    OpenCvLibrary.FAILURE.lines().findFirst().orElse(""));
        return false;
    }

    /**
     * Decodes a file; its orientation is ignored.
     *
     * @param gray decode to one channel, for files that store gray
     */
    static ByteImage decode(boolean gray, byte[] file) throws ImageFormatException {
        DecodeBuffers buffers = DecodeBuffers.ofThread();
        BytePointer encoded = buffers.encoded(file.length);
        encoded.put(file);
        try (Mat input = new Mat(1, file.length, opencv_core.CV_8UC1, encoded);
                Mat image = opencv_imgcodecs.imdecode(input, flags(gray))) {
            requireDecoded(image, gray);
            return copy(image.data(), image.rows(), image.cols(), image.channels());
        } finally {
            buffers.release();
        }
    }

    /**
     * Decodes a file of known size, which is faster; its orientation is ignored.
     *
     * @param header start of the file
     * @param file contains the rest of it, from {@code from} to {@code to}
     */
    static ByteImage decode(boolean gray, int height, int width, byte[] header, byte[] file, int from, int to)
            throws ImageFormatException {
        int length = Math.addExact(header.length, to - from);
        int channels = gray ? 1 : 3;
        int size = Math.multiplyExact(Math.multiplyExact(height, width), channels);
        DecodeBuffers buffers = DecodeBuffers.ofThread();
        BytePointer encoded = buffers.encoded(length);
        encoded.put(header);
        encoded.position(header.length).put(file, from, to - from).position(0);
        BytePointer pixels = buffers.pixels(size);
        try (Mat input = new Mat(1, length, opencv_core.CV_8UC1, encoded);
                Mat image = new Mat(height, width, opencv_core.CV_8UC(channels), pixels);
                Mat decoded = opencv_imgcodecs.imdecode(input, flags(gray), image)) {
            requireDecoded(decoded, gray);
            return copy(decoded.data(), decoded.rows(), decoded.cols(), channels);
        } finally {
            buffers.release();
        }
    }

    private static int flags(boolean gray) {
        return opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION
                | (gray ? opencv_imgcodecs.IMREAD_GRAYSCALE : opencv_imgcodecs.IMREAD_COLOR_RGB);
    }

    private static void requireDecoded(Mat image, boolean gray) throws ImageFormatException {
        if (image.empty()) throw ImageFormatException.corrupt("OpenCV cannot decode it");
        if (image.channels() != (gray ? 1 : 3) || image.depth() != opencv_core.CV_8U || !image.isContinuous()) {
            throw ImageFormatException.unsupported("OpenCV decodes it to " + image.channels() + " channels");
        }
    }

    private static ByteImage copy(BytePointer data, int height, int width, int channels) {
        byte[] pixels = PixelBuffers.bytes(Math.multiplyExact(Math.multiplyExact(height, width), channels));
        try (data) {
            data.get(pixels);
        }
        return new ByteImage(height, width, channels, pixels);
    }
}
