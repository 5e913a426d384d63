package org.vit4j.examples;

// begin
import java.nio.file.Path;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;

/** Classifies an image: java ... QuickStart model.keras some.png */
public class QuickStart {
    public static void main(String[] args) {
        try (SavedModel model = SavedModel.load(Path.of(args[0]))) {
            List<Prediction> top = model.predict(Path.of(args[1]), 3);
            top.forEach(p -> System.out.printf("%6.2f%%  %s%n", 100 * p.probability(), p.label()));

            INDArray images = model.prepareChannelsFirst(Path.of(args[1])); // [1, C, H, W]
            INDArray logits = model.logits(images); // [1, K]
            INDArray probs = model.tensor("blocks.3.attn.probs", images); // [1, H, T, T], any tensor of `summary`
            System.out.println(logits.shapeInfoToString() + probs.shapeInfoToString());
        }
    }
}
// end
