package org.vit4j.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vit4j.backend.ProcessGroup;
import org.vit4j.config.ConfigError;

/**
 * Place of this process among those that train together, by the environment variables of PyTorch's launchers: {@code RANK},
 * {@code WORLD_SIZE}, {@code MASTER_ADDR}, {@code MASTER_PORT} and, if several machines have several devices each, {@code
 * LOCAL_RANK}.
 */
public final class RankEnvironment {
    private static final int MAX_PORT = 65535;
    private static final int MAX_SIZE = 4096;

    private RankEnvironment() {}

    /**
     * Reads the variables; empty if {@code RANK} or {@code WORLD_SIZE} is not set.
     *
     * @param devices of the config; the process takes the one of its local number
     * @throws ConfigError if a variable is missing or invalid
     */
    public static Optional<ProcessGroup.Membership> of(Map<String, String> environment, List<String> devices) {
        if (!environment.containsKey("RANK") || !environment.containsKey("WORLD_SIZE")) return Optional.empty();
        int size = number(environment, "WORLD_SIZE", 1, MAX_SIZE);
        int rank = number(environment, "RANK", 0, size - 1);
        int local = environment.containsKey("LOCAL_RANK") ? number(environment, "LOCAL_RANK", 0, size - 1) : rank;
        int port = number(environment, "MASTER_PORT", 1, MAX_PORT);
        String address = environment.getOrDefault("MASTER_ADDR", "");
        if (address.isEmpty())
            throw new ConfigError("MASTER_ADDR is missing: RANK and WORLD_SIZE are set, so it must be");
        return Optional.of(new ProcessGroup.Membership(rank, size, devices.get(local % devices.size()), address, port));
    }

    /** The variables of one process on this machine. */
    public static Map<String, String> variables(int rank, int size, int port) {
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("RANK", String.valueOf(rank));
        variables.put("LOCAL_RANK", String.valueOf(rank));
        variables.put("WORLD_SIZE", String.valueOf(size));
        variables.put("MASTER_ADDR", "127.0.0.1");
        variables.put("MASTER_PORT", String.valueOf(port));
        return variables;
    }

    private static int number(Map<String, String> environment, String name, int least, int most) {
        String text = environment.get(name);
        if (text == null) throw new ConfigError(name + " is missing: RANK and WORLD_SIZE are set, so it must be");
        if (text.matches("\\d{1,9}")) {
            int value = Integer.parseInt(text);
            if (value >= least && value <= most) return value;
        }
        throw new ConfigError(name + "=" + text + ": expected an integer in [" + least + ", " + most + "]");
    }
}
