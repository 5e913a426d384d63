package org.vit4j.data.transforms;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.config.Checks;
import org.vit4j.config.Section;
import org.vit4j.data.transforms.AugmentConfig.Sampling;

/** Reads {@code data.augment}, {@code data.repeats} and {@code data.sampling}. */
public final class AugmentReader {
    private static final String ERASING = "random_erasing";

    private AugmentReader() {}

    /** Reads the parameters of a transform; empty if they have problems, which are noted in the section. */
    interface TransformReader {
        Optional<? extends Transform> read(Section s, TransformDefaults defaults);
    }

    /** The transforms by name, one line each. */
    static Map<String, TransformReader> readers() {
        Map<String, TransformReader> readers = new LinkedHashMap<>();
        readers.put("resize", ResizeImage::read);
        readers.put("center_crop", CenterCrop::read);
        readers.put("random_crop", RandomCrop::read);
        readers.put("random_resized_crop", RandomResizedCrop::read);
        readers.put("horizontal_flip", (s, defaults) -> HorizontalFlip.read(s));
        readers.put("vertical_flip", (s, defaults) -> VerticalFlip.read(s));
        readers.put("random_affine", (s, defaults) -> RandomAffine.read(s));
        readers.put("rand_augment", RandAugmentPolicy::read);
        readers.put("three_augment", (s, defaults) -> s.build(ThreeAugment::new));
        readers.put("color_jitter", (s, defaults) -> ColorJitter.read(s));
        return readers;
    }

    /**
     * Reads a list of transforms, such as {@code horizontal_flip} or {@code {name: random_crop, padding: 4}}. The default
     * size is the model's input size; {@code random_crop} keeps the image's size by default.
     *
     * @param s the {@code data:} section
     * @return the valid entries; problems are noted in the section
     */
    public static Optional<AugmentConfig> read(Section s, TransformDefaults defaults) {
        Map<String, TransformReader> readers = readers();
        List<String> names = new ArrayList<>(readers.keySet());
        names.add(ERASING);
        List<Section> entries = s.sections("augment");
        List<Transform> transforms = new ArrayList<>();
        Optional<RandomErasing> erasing = Optional.empty();
        for (int i = 0; i < entries.size(); i++) {
            Section entry = entries.get(i);
            String name = entry.choiceAt("name", names);
            if (!name.equals(ERASING)) {
                readers.get(name).read(entry, defaults).ifPresent(transforms::add);
                continue;
            }
            if (i < entries.size() - 1) entry.reject("name", "works on normalized values and must be the last entry");
            erasing = RandomErasing.read(entry);
        }
        int repeats = s.intUnlessOff("repeats", 1, 1);
        Sampling sampling = s.has("sampling") && !s.isOff("sampling")
                ? s.enumAt("sampling", Sampling.class, Sampling.SHUFFLED)
                : Sampling.SHUFFLED;
        try {
            return Optional.of(new AugmentConfig(transforms, erasing, repeats, sampling));
        } catch (Checks.InvalidValueException e) {
            s.reject(e.key(), e.getMessage());
            return Optional.empty();
        }
    }
}
