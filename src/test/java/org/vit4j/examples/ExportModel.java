package org.vit4j.examples;

// begin
import java.nio.file.Path;
import org.vit4j.export.Export;
import org.vit4j.export.Export.Options;
import org.vit4j.export.Format;
import org.vit4j.model.SavedModel;
import org.vit4j.onnx.Pixels;

/** Writes a model in every format: java ... ExportModel model.keras DIRECTORY */
public class ExportModel {
    public static void main(String[] args) {
        Path out = Path.of(args[1]);
        try (SavedModel model = SavedModel.load(Path.of(args[0]))) {
            Export.write(model, Format.ONNX, out.resolve("model.onnx"), Options.STANDARD);
            Export.write(model, Format.ONNX, out.resolve("pixels.onnx"), Options.STANDARD.with(Pixels.Kind.UINT8));
            Export.write(model, Format.SAFETENSORS, out.resolve("model.safetensors"), Options.STANDARD);
            Export.write(model, Format.SAMEDIFF, out.resolve("model.fb"), Options.STANDARD);
        }
    }
}
// end
