package org.vit4j.run;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vit4j.io.AtomicFiles;
import org.vit4j.io.RunException;
import org.vit4j.train.TrainState;

/**
 * {@code run.json} of a run directory: the name of the config and the classes that the run was started with, and the changes
 * made when it was resumed. {@code config.yaml} next to it holds the current values.
 *
 * @param data null in a run of a version that did not record it
 * @param failure message of the error that ended the run; null if there was none, or since it was resumed
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record RunInfo(
        @JsonProperty("config") String config,
        @JsonProperty("data") RunImages data,
        @JsonProperty("changes") List<Change> changes,

        @JsonProperty("failure") @JsonInclude(JsonInclude.Include.NON_NULL)
        String failure) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Changed config value.
     *
     * @param epoch current epoch at the time of the change, from 1
     * @param step optimizer steps done before the change
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Change(
            @JsonProperty("time") String time,
            @JsonProperty("epoch") int epoch,
            @JsonProperty("step") int step,
            @JsonProperty("key") String key,
            @JsonProperty("before") String before,
            @JsonProperty("after") String after) {}

    RunInfo {
        changes = changes == null ? List.of() : List.copyOf(changes);
    }

    /** Reads the file of a run directory; empty for a run of a version that did not write the file. */
    static Optional<RunInfo> read(Path directory) {
        Path file = file(directory);
        if (!Files.exists(file)) return Optional.empty();
        try {
            return Optional.of(JSON.readValue(Files.readAllBytes(file), RunInfo.class));
        } catch (JsonProcessingException e) {
            throw new RunException(file + ": damaged (invalid JSON); delete it to continue", e);
        } catch (IOException e) {
            throw new RunException(file + ": cannot be read: " + AtomicFiles.reason(e), e);
        }
    }

    RunInfo with(RunImages images, List<ResumeChange> changed, TrainState state) {
        List<Change> all = new ArrayList<>(changes);
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        for (ResumeChange c : changed) {
            all.add(new Change(now, state.epoch() + 1, state.step(), c.key(), c.before(), c.after()));
        }
        return new RunInfo(config, images, all, null);
    }

    /** Adds the message of an error that ended the run to the file of a run directory. */
    static void recordFailure(Path directory, String message) {
        read(directory).ifPresent(info -> new RunInfo(info.config, info.data, info.changes, message).write(directory));
    }

    void write(Path directory) {
        try {
            AtomicFiles.write(
                    file(directory), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Path file(Path directory) {
        return directory.resolve("run.json");
    }
}
