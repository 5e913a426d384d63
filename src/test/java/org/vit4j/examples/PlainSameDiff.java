package org.vit4j.examples;

// begin
import java.io.File;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Runs exported models with ND4J alone: java -cp ... PlainSameDiff MODEL IMAGES LOGITS, arrays as .npy */
public class PlainSameDiff {
    public static void main(String[] args) throws Exception {
        for (int i = 0; i < args.length; i += 3) {
            SameDiff model = SameDiff.load(new File(args[i]), false);
            INDArray images = Nd4j.createFromNpyFile(new File(args[i + 1])); // [N, H, W, C], preprocessed
            INDArray logits = model.output(Map.of("image", images), "logits").get("logits"); // [N, K]
            Nd4j.writeAsNumpy(logits, new File(args[i + 2]));
        }
    }
}
// end
