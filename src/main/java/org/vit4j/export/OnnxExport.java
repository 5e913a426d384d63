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
 * ONNX: {@code images} [batch, C, H, W] to {@code logits} [batch, K], see {@link OnnxModel}. What the model says of itself
 * travels as metadata: {@code class_names} and {@code preprocessing} as JSON, {@code config} as YAML, {@code provenance} as
 * JSON.
 */
public final class OnnxExport {
    private static final ObjectMapper JSON = new ObjectMapper();

    private OnnxExport() {}

    /**
     * @param pixels what the exported network is given: normalized pictures, or pixels it normalizes itself
     * @throws org.vit4j.io.RunException when it cannot be written
     */
    public static void write(SavedModel model, Path file, PixelInput.PixelInputKind pixels) {
        model(model, pixels).write(file, model.parameters()::values, metadata(model.description()));
    }

    /** The second file that such an export needs, for models beyond 2 GB. */
    static Optional<Path> beside(SavedModel model, Path file) {
        return model(model, PixelInput.PixelInputKind.NORMALIZED).beside(file);
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
