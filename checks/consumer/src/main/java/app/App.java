package app;

import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vit4j.model.Prediction;
import org.vit4j.model.SavedModel;

/** Classifies an image and logs the result: java ... app.App model.keras some.png */
public final class App {
    private static final Logger LOG = LoggerFactory.getLogger(App.class);

    private App() {}

    public static void main(String[] args) {
        LOG.info("application starts");
        try (SavedModel model = SavedModel.load(Path.of(args[0]))) {
            List<Prediction> top = model.predict(Path.of(args[1]), 3);
            LOG.info("predicted {}", top);
        }
    }
}
