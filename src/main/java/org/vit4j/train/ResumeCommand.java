package org.vit4j.train;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.vit4j.config.Config;

/** Command lines that continue a run, quoted so that a shell takes them as they are printed. */
public final class ResumeCommand {
    private ResumeCommand() {}

    /** The command that continues the run in a directory; the config comes from there. */
    public static String of(Path directory) {
        return line(List.of("train", "--resume", "--run", directory.toString()));
    }

    /**
     * The command that continues a run, or begins it again, at a tenth of its learning rate.
     *
     * @param resolved the config of the run
     * @param resume false to begin again
     */
    static String withLowerRate(Path directory, String resolved, boolean resume) {
        Map<String, String> values = Config.values(resolved, "config.yaml");
        List<String> words = new ArrayList<>(List.of("train"));
        if (resume) words.add("--resume");
        else words.add(directory.resolve("config.yaml").toString());
        words.addAll(List.of("--run", directory.toString()));
        // The lowest rate of the schedule must not be above the new one.
        for (String key : List.of("train.optimizer.lr", "train.schedule.min_lr")) {
            BigDecimal value = new BigDecimal(values.getOrDefault(key, "0"));
            if (value.signum() > 0) words.addAll(List.of("--set", key + "=" + tenth(value)));
        }
        return line(words);
    }

    private static String tenth(BigDecimal value) {
        return value.movePointLeft(1).stripTrailingZeros().toString();
    }

    /** A command line of this program; the launcher says how it was called. */
    public static String line(List<String> words) {
        String program = System.getProperty("vit4j.command", "vit4j");
        return quoted(program) + " " + words.stream().map(ResumeCommand::quoted).collect(Collectors.joining(" "));
    }

    private static String quoted(String word) {
        if (word.matches("[A-Za-z0-9_@%+=:,./-]+")) return word;
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        if (windows) return word.matches("[A-Za-z0-9_@+=:,./\\\\-]+") ? word : '"' + word + '"';
        return "'" + word.replace("'", "'\\''") + "'";
    }
}
