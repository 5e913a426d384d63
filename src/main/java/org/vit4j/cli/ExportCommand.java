package org.vit4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.vit4j.config.ConfigError;
import org.vit4j.export.ExportFormat;
import org.vit4j.export.ModelExporter;
import org.vit4j.io.RunException;
import org.vit4j.onnx.PixelInput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = "Writes a saved model in another format.",
        footer = {
            "",
            "onnx: from images [batch, C, H, W] to logits, operator set 17. safetensors: the state dict with the"
                    + " names of"
                    + " timm or of the authors. samediff: FlatBuffers for SameDiff.load. keras: the file as vit4j"
                    + " saves it."
        })
final class ExportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", description = "A .keras file written by vit4j.")
    private Path model;

    @Option(
            names = "--format",
            required = true,
            paramLabel = "FORMAT",
            description = "keras, onnx, safetensors or samediff.")
    private String format;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FILE",
            description = "The file to write; an existing file is replaced.")
    private Path file;

    @Option(
            names = "--preprocess",
            description = "onnx: make the model take pixels [batch, H, W, C] in 0..255, already of its image size, and"
                    + " normalize"
                    + " them itself.")
    private boolean preprocess;

    @Option(
            names = "--pixels",
            paramLabel = "TYPE",
            description = "With --preprocess: uint8 or float (default: uint8).")
    private Optional<String> pixels = Optional.empty();

    @Option(
            names = "--names",
            paramLabel = "SCHEME",
            description = "safetensors: tensor names, where an architecture has several: reference, authors or hf"
                    + " (default: those"
                    + " the model was imported with, else reference).")
    private Optional<String> names = Optional.empty();

    @Mixin
    private JsonOption json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        ExportFormat target = ExportFormat.of(format);
        List<Path> written = ModelExporter.run(model, target, file, new ModelExporter.ExportOptions(pixels(), names));
        PrintWriter out = spec.commandLine().getOut();
        if (json.requested()) out.println(Json.text(jsonFields(target, written)));
        else written.forEach(one -> out.println(target.cliName() + ": " + one));
        out.flush();
        return CommandLineProgram.SUCCESS;
    }

    private Map<String, Object> jsonFields(ExportFormat target, List<Path> written) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("format", target.cliName());
        fields.put("file", file.toString());
        fields.put("files", written.stream().map(Path::toString).toList());
        fields.put("bytes", written.stream().mapToLong(ExportCommand::size).sum());
        return fields;
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new RunException(file + ": cannot be read after writing: " + e.getMessage(), e);
        }
    }

    private PixelInput.PixelInputKind pixels() {
        if (pixels.isPresent() && !preprocess)
            throw new ConfigError("--pixels: expected only together with --preprocess");
        if (!preprocess) return PixelInput.PixelInputKind.NORMALIZED;
        return switch (pixels.orElse("uint8")) {
            case "uint8" -> PixelInput.PixelInputKind.UINT8;
            case "float" -> PixelInput.PixelInputKind.FLOAT;
            default -> throw new ConfigError("--pixels " + pixels.get() + ": expected uint8 or float");
        };
    }
}
