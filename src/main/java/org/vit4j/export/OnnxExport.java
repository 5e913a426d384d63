package org.vit4j.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.vit4j.data.Preprocessing;
import org.vit4j.model.ModelDescription;
import org.vit4j.model.SavedModel;
import org.vit4j.onnx.OnnxModel;
import org.vit4j.onnx.PixelInput;

/**
 * Exports ONNX models, {@code images} [batch, C, H, W] -> {@code logits} [batch, K], see {@link OnnxModel}. The
 * description becomes metadata: {@code class_names}, {@code preprocessing} and {@code provenance} as JSON, {@code
 * config} as YAML.
 */
public final class OnnxExport {
    private static final ObjectMapper JSON = new ObjectMapper();

    private OnnxExport() {}

    /**
     * @param pixels input of the exported network: normalized images, or pixels that it normalizes itself
     * @throws org.vit4j.io.RunException if the file cannot be written
     */
    public static void write(SavedModel model, Path file, PixelInput.PixelInputKind pixels) {
        model(model, pixels).write(file, model.parameters()::values, metadata(model.description()));
    }

    /** Separate weight file of models above 2 GB, otherwise empty. */
    static Optional<Path> externalDataFile(SavedModel model, Path file) {
        return model(model, PixelInput.PixelInputKind.NORMALIZED).externalDataFile(file);
    }

    private static OnnxModel model(SavedModel model, PixelInput.PixelInputKind pixels) {
        Preprocessing preprocess = model.description().preprocess();
        String name = model.description().name();
        return OnnxModel.of(model.graph(), name, new PixelInput(pixels, preprocess.mean(), preprocess.std()));
    }

    private static Map<String, String> metadata(ModelDescription description) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("class_names", json(description.classes()));
        metadata.put("preprocessing", json(description.preprocess().toMap()));
        metadata.put("config", description.config());
        metadata.put("provenance", json(description.provenance()));
        return metadata;
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
