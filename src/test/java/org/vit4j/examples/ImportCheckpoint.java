package org.vit4j.examples;

// begin
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.vit4j.run.CheckpointImporter;

/** Imports a checkpoint with a new five-class head: java ... ImportCheckpoint VARIANT CHECKPOINT model.keras */
public class ImportCheckpoint {
    public static void main(String[] args) {
        var changes =
                new CheckpointImporter.ImportChanges(Optional.of(5), Optional.empty(), Optional.empty(), List.of());
        Path checkpoint = Path.of(args[1]); // .safetensors, .pth, .pt, .bin
        Path model = Path.of(args[2]);
        List<String> notes = CheckpointImporter.run(args[0], checkpoint, model, changes, Optional.empty(), 0, true);
        notes.forEach(System.out::println); // adapted weights, one line each
    }
}
// end
