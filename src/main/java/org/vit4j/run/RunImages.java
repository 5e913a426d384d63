package org.vit4j.run;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.vit4j.data.BatchSource;

/**
 * Classes of the data of a run and the number of their images, by which a resumed run notices other data.
 *
 * @param training number of images of each class; empty if the source does not know its labels in advance
 */
record RunImages(
        @JsonProperty("classes") List<String> classes,
        @JsonProperty("training") List<Long> training,
        @JsonProperty("validation") List<Long> validation) {
    RunImages {
        classes = List.copyOf(classes);
        training = List.copyOf(training);
        validation = List.copyOf(validation);
    }

    static RunImages of(TrainData data) {
        return new RunImages(data.classes(), counts(data.training()), counts(data.validation()));
    }

    private static List<Long> counts(BatchSource source) {
        return source.classCounts()
                .map(counts -> Arrays.stream(counts).boxed().toList())
                .orElse(List.of());
    }

    /** Describes the first difference to later data; empty if there is none. */
    Optional<String> difference(RunImages now) {
        int count = classes.size();
        if (now.classes.size() != count)
            return Optional.of("was started with " + count + " classes, now the data has " + now.classes.size());
        for (int i = 0; i < count; i++) {
            if (!classes.get(i).equals(now.classes.get(i)))
                return Optional.of("was started with '" + classes.get(i) + "' as class " + i + ", now it is '"
                        + now.classes.get(i) + "'");
        }
        return difference("training", training, now.training)
                .or(() -> difference("validation", validation, now.validation));
    }

    private Optional<String> difference(String split, List<Long> before, List<Long> after) {
        if (before.size() != after.size()) return Optional.empty(); // unknown
        for (int i = 0; i < before.size(); i++) {
            if (!before.get(i).equals(after.get(i)))
                return Optional.of("was started with " + before.get(i) + " " + split + " images of class '"
                        + classes.get(i) + "', now there are " + after.get(i));
        }
        return Optional.empty();
    }
}
