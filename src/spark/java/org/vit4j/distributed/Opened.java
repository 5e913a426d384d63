package org.vit4j.distributed;

import java.io.IOException;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.vit4j.config.ConfigError;
import org.vit4j.data.DataConfig;
import org.vit4j.data.ImageFolder;
import org.vit4j.data.OnCorrupt;
import org.vit4j.data.Split;

/**
 * The data of a run.
 *
 * @param split opened here
 * @param images how an executor opens what is trained on: the same images in the same order
 */
record Opened(Split split, Workshop.Images images) {

    /** @throws ConfigError when files are not there or not what they should be */
    static Opened of(org.vit4j.train.RunConfig config) {
        DataConfig data = config.data();
        return switch (data.dataset()) {
            case PARQUET -> tables(data);
            case IMAGE_FOLDER -> data.remote().isPresent() ? folders(data) : local(data);
            default -> local(data);
        };
    }

    /** Files that every machine has, or that are in the jar. */
    private static Opened local(DataConfig data) {
        return new Opened(data.open(), run -> run.data().open().train());
    }

    private static Opened folders(DataConfig data) {
        String root = location(data);
        int channels = data.preprocess().channels();
        OnCorrupt onCorrupt = data.onCorrupt();
        List<String> classes = Listing.directories(root + "/train");
        Listing train = Listing.of(root + "/train", classes);
        Listing validation = Listing.of(validation(root), classes);
        Split split = new Split(train.open(channels, onCorrupt), validation.open(channels, onCorrupt));
        return new Opened(split, run -> train.open(channels, onCorrupt));
    }

    private static Opened tables(DataConfig data) {
        String root = location(data);
        int channels = data.preprocess().channels();
        OnCorrupt onCorrupt = data.onCorrupt();
        Table train = Table.of(root + "/train");
        List<String> classes = train.classes();
        Table validation = Table.of(validation(root));
        Split split =
                new Split(train.open(classes, channels, onCorrupt), validation.open(classes, channels, onCorrupt));
        return new Opened(split, run -> train.open(classes, channels, onCorrupt));
    }

    private static String location(DataConfig data) {
        return data.remote()
                .or(() -> data.path().map(path -> path.toAbsolutePath().toUri().toString()))
                .map(root -> root.replaceFirst("/+$", ""))
                .orElseThrow(() -> new ConfigError("data.path is missing: where the files of "
                        + data.dataset().word() + " are"));
    }

    private static String validation(String root) {
        try {
            for (String name : ImageFolder.VALIDATION) {
                Path path = new Path(root, name);
                if (Storage.system(root).exists(path)) return path.toString();
            }
        } catch (IOException e) {
            throw new ConfigError(root + ": cannot be listed: " + e.getMessage(), e);
        }
        throw new ConfigError(root + ": has no directory val; expected train and one of "
                + String.join(", ", ImageFolder.VALIDATION));
    }
}
