package org.vit4j.run;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.vit4j.config.Config;

/** Command lines that continue a run, quoted for the shell. */
public final class ResumeCommand {
    private ResumeCommand() {}

    /** Command that continues the run in a directory with the config stored there. */
    public static String of(Path directory) {
        return line(List.of("train", "--resume", "--run", directory.toString()));
    }

    /**
     * Command that continues or restarts a run with a tenth of its learning rate.
     *
     * @param resolved resolved config of the run
     * @param resume false to restart the run
     */
    static String withLowerRate(Path directory, String resolved, boolean resume) {
        Map<String, String> values = Config.values(resolved, "config.yaml");
        List<String> words = new ArrayList<>(List.of("train"));
        if (resume) words.add("--resume");
        else words.add(directory.resolve("config.yaml").toString());
        words.addAll(List.of("--run", directory.toString()));
        // min_lr must not exceed the new learning rate.
        for (String key : List.of("train.optimizer.lr", "train.schedule.min_lr")) {
            BigDecimal value = new BigDecimal(values.getOrDefault(key, "0"));
            if (value.signum() > 0) words.addAll(List.of("--set", key + "=" + tenth(value)));
        }
        return line(words);
    }

    private static String tenth(BigDecimal value) {
        return value.movePointLeft(1).stripTrailingZeros().toString();
    }

    /** Command line of this program, with the program name that the launcher sets. */
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
