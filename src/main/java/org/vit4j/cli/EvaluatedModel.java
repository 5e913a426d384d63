package org.vit4j.cli;

import java.nio.file.Path;
import org.vit4j.backend.Backend;
import org.vit4j.backend.Inference;
import org.vit4j.backend.ParameterStore;
import org.vit4j.checkpoint.Checkpoints;
import org.vit4j.data.Preprocessing;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.Network;
import org.vit4j.model.SavedModel;
import org.vit4j.models.Model;

/** Saved model opened for an evaluation, with another image size or preprocessing if requested. */
record EvaluatedModel(ModelDescription description, Inference inference) implements AutoCloseable {

    static EvaluatedModel open(Path file, PreprocessingOption changes, Backend backend) {
        ModelDescription saved = SavedModel.describe(file);
        Model model = changes.resized(file, saved.model());
        Preprocessing preprocessing = changes.applyTo(saved.preprocess(), model.image());
        if (model.image().equals(saved.model().image())) {
            SavedModel opened = SavedModel.load(file, backend);
            return new EvaluatedModel(opened.description().with(preprocessing), opened.inference());
        }
        ModelDescription description = saved.with(model, preprocessing);
        ParameterStore parameters;
        try (Network network = Network.create(description, 0)) {
            network.load(Checkpoints.open(file));
            parameters = network.parameters();
        }
        return new EvaluatedModel(description, backend.fixedInference(model.graph(), parameters));
    }

    @Override
    public void close() {
        inference.close();
    }
}
