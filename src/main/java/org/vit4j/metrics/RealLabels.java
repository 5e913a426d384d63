package org.vit4j.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vit4j.config.ConfigError;
import org.vit4j.io.AtomicFiles;

/**
 * Several labels per image, read from a file such as {@code real.json} of ImageNet-ReaL: a JSON list with a list of class
 * indices for each image.
 */
public final class RealLabels {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern IMAGENET = Pattern.compile("ILSVRC2012_val_(\\d{8})\\.\\w+$");

    private final Path file;
    private final List<List<Integer>> labels;

    private RealLabels(Path file, List<List<Integer>> labels) {
        this.file = file;
        this.labels = labels;
    }

    /** @throws ConfigError if the file cannot be read, or a label is not a class of the model */
    public static RealLabels read(Path file, int classes) {
        List<List<Integer>> all;
        try {
            all = JSON.readValue(Files.readAllBytes(file), new TypeReference<>() {});
        } catch (JsonProcessingException e) {
            throw new ConfigError(file + ": expected a JSON list of lists of integers: " + e.getOriginalMessage(), e);
        } catch (NoSuchFileException e) {
            throw new ConfigError(file + ": does not exist", e);
        } catch (IOException e) {
            throw new ConfigError(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
        if (all == null) throw new ConfigError(file + ": expected a JSON list of lists of integers");
        for (int i = 0; i < all.size(); i++) {
            for (Integer label : all.get(i) == null ? List.<Integer>of() : all.get(i)) {
                if (label == null || label < 0 || label >= classes)
                    throw new ConfigError(
                            file + ": labels of image " + i + ": " + label + " out of range [0, " + classes + ")");
            }
        }
        return new RealLabels(file, all);
    }

    /**
     * Assigns the labels to the images of a dataset: by number if the images are named as in ImageNet, {@code
     * ILSVRC2012_val_00000001.JPEG} being the first, otherwise by position.
     *
     * @param names of the images, in the order of the dataset
     * @throws ConfigError if an image has no entry, or the numbers of images and entries differ
     */
    public List<List<Integer>> of(List<String> names) {
        List<List<Integer>> found = new ArrayList<>();
        boolean numbered = !names.isEmpty() && IMAGENET.matcher(names.get(0)).find();
        if (!numbered && names.size() != labels.size()) {
            throw new ConfigError(file + ": has labels of " + labels.size() + " images, but the dataset has "
                    + names.size() + ", whose names are not those of ImageNet's validation images");
        }
        for (int i = 0; i < names.size(); i++) {
            int index = numbered ? number(names.get(i)) - 1 : i;
            if (index < 0 || index >= labels.size()) throw new ConfigError(file + ": has no labels of " + names.get(i));
            List<Integer> entry = labels.get(index);
            found.add(entry == null ? List.of() : List.copyOf(entry));
        }
        return found;
    }

    private static int number(String name) {
        Matcher matcher = IMAGENET.matcher(name);
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
    }
}
