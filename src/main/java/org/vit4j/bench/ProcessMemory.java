package org.vit4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Resident memory of this process in bytes, arrays outside of the heap included; empty where there is no {@code /proc}. */
final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMemory() {}

    static boolean known() {
        return peak().isPresent();
    }

    static OptionalLong resident() {
        return status("VmRSS:");
    }

    /** The largest it ever was. */
    static OptionalLong peak() {
        return status("VmHWM:");
    }

    private static OptionalLong status(String key) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(key)) return OptionalLong.of(1024 * Long.parseLong(line.replaceAll("\\D", "")));
            }
        } catch (IOException e) {
            return OptionalLong.empty(); // not Linux
        }
        return OptionalLong.empty();
    }
}
