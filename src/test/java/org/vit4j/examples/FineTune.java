package org.vit4j.examples;

// begin
import java.nio.file.Path;
import org.vit4j.checkpoint.Checkpoints;
import org.vit4j.data.datasets.DatasetSplits;
import org.vit4j.data.datasets.ImageFolder;
import org.vit4j.data.datasets.OnCorrupt;
import org.vit4j.model.Network;
import org.vit4j.models.Model;
import org.vit4j.models.Models;
import org.vit4j.optim.AdamW;
import org.vit4j.optim.Cosine;
import org.vit4j.train.EarlyStopping;
import org.vit4j.train.Trainer;

/** Fine-tunes a published checkpoint: java ... FineTune VARIANT CHECKPOINT IMAGES model.keras */
public class FineTune {
    public static void main(String[] args) {
        Model variant = Models.named(args[0]);
        DatasetSplits images =
                ImageFolder.open(Path.of(args[2]), variant.image().channels(), OnCorrupt.SKIP);
        Model model = variant.withClasses(images.train().classes().size());
        try (Network net = Network.create(model, 0)) {
            net.load(Checkpoints.open(Path.of(args[1]))); // .safetensors, .pth, .pt, .bin, .keras
            Trainer.of(net)
                    .optimizer(new AdamW(1e-3, 0.05))
                    .schedule(Cosine.over(30).warmup(5))
                    .callbacks(new EarlyStopping(5))
                    .batch(8)
                    .fit(images.train(), images.validation(), 30);
            net.save(Path.of(args[3]));
        }
    }
}
// end
