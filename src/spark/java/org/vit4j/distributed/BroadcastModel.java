package org.vit4j.distributed;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.vit4j.data.Image;
import org.vit4j.data.ImageFile;
import org.vit4j.model.SavedModel;

/** A saved model on its way to the executors, each of which opens it once; see {@link WorkerBroadcast} for where it is kept. */
final class BroadcastModel implements Serializable {
    private static final long serialVersionUID = 1L;

    private final byte[] file;
    private transient SavedModel opened;

    private BroadcastModel(byte[] file) {
        this.file = file;
    }

    static BroadcastModel read(Path file) {
        SavedModel.describe(file); // a mistake is said here, before anything is sent
        try {
            return new BroadcastModel(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A picture by its encoded bytes. */
    record ImageBytes(String name, byte[] bytes) {}

    /** The logits of each picture, and who can name them. */
    record ModelOutput(SavedModel model, List<float[]> logits) {}

    /** Decodes an image, in the channels of the model. */
    Image decode(ImageBytes picture) {
        int channels = opened().description().model().image().channels();
        return ImageFile.read(picture.bytes, picture.name, channels);
    }

    private synchronized SavedModel opened() {
        if (opened == null) opened = open();
        return opened;
    }

    synchronized ModelOutput predict(List<Image> images) {
        SavedModel saved = opened();
        List<float[]> logits = new ArrayList<>();
        try (INDArray prepared = saved.prepare(images);
                INDArray rows = saved.inference().logits(prepared)) {
            for (int i = 0; i < images.size(); i++)
                logits.add(rows.getRow(i).dup().toFloatVector());
        }
        return new ModelOutput(saved, logits);
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
