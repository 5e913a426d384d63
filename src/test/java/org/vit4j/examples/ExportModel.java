package org.vit4j.examples;

// begin
import java.nio.file.Path;
import org.vit4j.export.ExportFormat;
import org.vit4j.export.ModelExporter;
import org.vit4j.export.ModelExporter.ExportOptions;
import org.vit4j.model.SavedModel;
import org.vit4j.onnx.PixelInput;

/** Exports a model to all formats: java ... ExportModel model.keras DIRECTORY */
public class ExportModel {
    public static void main(String[] args) {
        Path out = Path.of(args[1]);
        try (SavedModel model = SavedModel.load(Path.of(args[0]))) {
            ModelExporter.write(model, ExportFormat.ONNX, out.resolve("model.onnx"), ExportOptions.DEFAULTS);
            ModelExporter.write(
                    model,
                    ExportFormat.ONNX,
                    out.resolve("pixels.onnx"),
                    ExportOptions.DEFAULTS.with(PixelInput.PixelInputKind.UINT8));
            ModelExporter.write(
                    model, ExportFormat.SAFETENSORS, out.resolve("model.safetensors"), ExportOptions.DEFAULTS);
            ModelExporter.write(model, ExportFormat.SAMEDIFF, out.resolve("model.fb"), ExportOptions.DEFAULTS);
        }
    }
}
// end
