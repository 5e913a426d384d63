package org.vit4j.examples;

// begin
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.vit4j.data.DataLoader;
import org.vit4j.data.Dl4jData;
import org.vit4j.data.Preprocessing;
import org.vit4j.data.datasets.Dataset;
import org.vit4j.data.datasets.Digits;
import org.vit4j.data.transforms.AugmentConfig;
import org.vit4j.dl4j.NetworkVertex;
import org.vit4j.model.SavedModel;

/** Fine-tunes a saved model inside a DL4J graph: java ... FineTuneInDl4j model.keras graph.zip */
public class FineTuneInDl4j {
    public static void main(String[] args) throws IOException {
        try (SavedModel saved = SavedModel.load(Path.of(args[0]))) {
            var image = saved.description().model().image();
            ComputationGraphConfiguration config = new NeuralNetConfiguration.Builder()
                    .updater(new Adam(1e-3))
                    .graphBuilder()
                    .addInputs("images")
                    .setInputTypes(InputType.convolutional(image.height(), image.width(), image.channels()))
                    .addVertex("body", NetworkVertex.of(saved, "norm"), "images") // [N, D]
                    .addLayer(
                            "out",
                            new OutputLayer.Builder(LossFunction.MCXENT)
                                    .activation(Activation.SOFTMAX)
                                    .nOut(10)
                                    .build(),
                            "body")
                    .setOutputs("out")
                    .build();
            ComputationGraph graph = new ComputationGraph(config);
            graph.init();

            var splits = Digits.split(0.2, 0); // any DataSetIterator will do
            Preprocessing preprocess = saved.description().preprocess();
            graph.fit(batches(splits.train(), preprocess), 1);
            Evaluation scores = graph.evaluate(batches(splits.validation(), preprocess));
            System.out.println(scores.stats());

            ModelSerializer.writeModel(graph, new File(args[1]), true); // weights and optimizer state
        }
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(new File(args[1]));
        System.out.println(restored.summary());
    }

    private static DataSetIterator batches(Dataset images, Preprocessing preprocess) {
        var loader = new DataLoader(images, AugmentConfig.NONE, preprocess, 64, true, false, 0, 1);
        return Dl4jData.iterator(loader, List.copyOf(images.classes()));
    }
}
// end
