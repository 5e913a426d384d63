package org.vit4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Resident memory of this process in bytes, including off-heap arrays; empty on systems without {@code /proc}. */
final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ProcessMemory() {}

    static boolean isKnown() {
        return peak().isPresent();
    }

    static OptionalLong resident() {
        return status("VmRSS:");
    }

    /** Peak resident memory since the process started. */
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
