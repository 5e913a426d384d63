package org.vit4j.examples;

// begin
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.awt.image.BufferedImage;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Map;
import javax.imageio.ImageIO;

/** Runs a model exported with --preprocess, without vit4j: java ... RunOnnx pixels.onnx image-of-its-size.png */
public class RunOnnx {
    public static void main(String[] args) throws Exception {
        float[] logits = logits(args[0], ImageIO.read(new File(args[1])));
        for (int k = 0; k < logits.length; k++) System.out.printf(Locale.ROOT, "%4d %8.3f%n", k, logits[k]);
    }

    static float[] logits(String model, BufferedImage image) throws Exception {
        int channels = image.getRaster().getNumBands(); // must match the model
        long[] shape = {1, image.getHeight(), image.getWidth(), channels};
        int[] samples = image.getRaster().getPixels(0, 0, image.getWidth(), image.getHeight(), (int[]) null);
        ByteBuffer pixels = ByteBuffer.allocateDirect(samples.length);
        for (int sample : samples) pixels.put((byte) sample);
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession session = environment.createSession(model);
                OnnxTensor images = OnnxTensor.createTensor(environment, pixels.rewind(), shape, OnnxJavaType.UINT8);
                OrtSession.Result result = session.run(Map.of("images", images))) {
            return ((float[][]) result.get(0).getValue())[0];
        }
    }
}
// end
