package org.vit4j.examples;

// begin
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.model.Network;
import org.vit4j.models.Models;
import org.vit4j.tracking.MlflowConfig;
import org.vit4j.tracking.MlflowTracker;
import org.vit4j.train.Trainer;

/** Logs a training run to an MLflow server: java ... TrackedTraining http://localhost:5000 IMAGES */
public class TrackedTraining {
    public static void main(String[] args) {
        MlflowConfig server = MlflowConfig.of(args[0]).withExperiment("pets");
        DatasetSplits images = ImageFolder.open(Path.of(args[1]), 3, OnCorrupt.SKIP);
        var model = Models.named("deit_tiny_patch16_224")
                .withClasses(images.train().classes().size());
        try (Network net = Network.create(model, 0);
                MlflowTracker mlflow = MlflowTracker.connect(server)) {
            mlflow.start("first", Map.of("batch", "8"), Map.of("team", "vision"));
            Trainer.of(net).callbacks(mlflow).batch(8).fit(images.train(), images.validation(), 30);
            net.save(Path.of("model.keras"));
            mlflow.end(MlflowTracker.Outcome.FINISHED, List.of(Path.of("model.keras")));
        }
    }
}
// end
