package org.vit4j.distributed;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.image.Image;
import org.vit4j.data.image.ImageFile;
import org.vit4j.model.SavedModel;

/** Broadcast of a saved model file. Each executor opens the model once and holds it as {@link WorkerBroadcast} does. */
final class BroadcastModel implements Serializable {
    private static final long serialVersionUID = 1L;

    private final byte[] file;
    private transient SavedModel opened;

    private BroadcastModel(byte[] file) {
        this.file = file;
    }

    static BroadcastModel read(Path file) {
        SavedModel.describe(file); // reports an invalid file before it is sent
        try {
            return new BroadcastModel(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Encoded bytes of an image. */
    record ImageBytes(String name, byte[] bytes) {}

    /** Logits of each image, and the model with the class names. */
    record ModelOutput(SavedModel model, List<float[]> logits) {}

    /** Decodes an image, with the channels of the model. */
    Image decode(ImageBytes image) {
        int channels = opened().description().model().image().channels();
        return ImageFile.read(image.bytes, image.name, channels);
    }

    private synchronized SavedModel opened() {
        if (opened == null) opened = open();
        return opened;
    }

    synchronized ModelOutput predict(List<Image> images) {
        SavedModel saved = opened();
        try (INDArray prepared = saved.prepare(images)) {
            return new ModelOutput(saved, List.of(saved.inference().logitValues(prepared)));
        }
    }

    private SavedModel open() {
        try {
            Path copy = Files.createTempFile("vit4j", ".keras");
            try {
                Files.write(copy, file);
                return SavedModel.load(copy);
            } finally {
                Files.delete(copy);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
