package org.vit4j.distributed;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.vit4j.config.ConfigError;
import org.vit4j.data.Dataset;
import org.vit4j.data.EncodedImages;
import org.vit4j.data.ImageFile;
import org.vit4j.data.OnCorrupt;

/**
 * An image folder on any file system Spark reads: the driver lists it, whoever needs a picture fetches it.
 *
 * @param files in the order of {@link org.vit4j.data.ImageFolder}
 */
record FolderListing(String directory, List<String> files, List<Integer> labels, List<String> classes)
        implements Serializable {

    /** One split, whose class directories are those of training. */
    static FolderListing of(String directory, List<String> classes) {
        try {
            FileSystem system = HadoopFiles.system(directory);
            List<String> files = new ArrayList<>();
            List<Integer> labels = new ArrayList<>();
            for (String name : directories(directory)) {
                int label = classes.indexOf(name);
                if (label < 0) throw new ConfigError(directory + "/" + name + ": no such class in training");
                List<String> pictures = images(system, new Path(directory, name));
                if (pictures.isEmpty()) throw new ConfigError(directory + "/" + name + ": has no pictures");
                files.addAll(pictures);
                pictures.forEach(picture -> labels.add(label));
            }
            return new FolderListing(directory, List.copyOf(files), List.copyOf(labels), List.copyOf(classes));
        } catch (IOException e) {
            throw new ConfigError(directory + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    /** The names of the directories in one, sorted. */
    static List<String> directories(String directory) {
        try {
            List<String> names = new ArrayList<>();
            for (FileStatus entry : HadoopFiles.system(directory).listStatus(new Path(directory))) {
                String name = entry.getPath().getName();
                if (entry.isDirectory() && !name.startsWith(".")) names.add(name);
            }
            names.sort(Comparator.naturalOrder());
            return names;
        } catch (IOException e) {
            throw new ConfigError(directory + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    private static List<String> images(FileSystem system, Path ofClass) throws IOException {
        List<String> pictures = new ArrayList<>();
        String root = ofClass.toUri().getPath();
        RemoteIterator<LocatedFileStatus> all = system.listFiles(ofClass, true);
        while (all.hasNext()) {
            Path file = all.next().getPath();
            boolean hidden = file.toUri().getPath().substring(root.length()).contains("/.");
            if (!hidden && ImageFile.isImage(java.nio.file.Path.of(file.getName()))) pictures.add(file.toString());
        }
        pictures.sort(Comparator.naturalOrder());
        return pictures;
    }

    /** Opened where it is needed. */
    Dataset open(int channels, OnCorrupt onCorrupt) {
        return new EncodedImages(
                directory,
                files,
                labels,
                classes,
                i -> ImageFile.read(fetch(files.get(i)), files.get(i), channels),
                onCorrupt);
    }

    private static byte[] fetch(String file) {
        try {
            return HadoopFiles.read(file);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
